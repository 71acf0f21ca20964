/* The kernel's table of virtual servers for keepalived where there is none: takes every order, and writes the name of
   those about real servers to the file that RECORD names. Loaded before libnl. */
#include <fcntl.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct nl_msg;
struct nl_sock;
struct nlmsghdr *nlmsg_hdr(struct nl_msg *message);

int genl_ctrl_resolve(struct nl_sock *socket, const char *name)
{
    (void)socket;
    return strcmp(name, IPVS_GENL_NAME) == 0 ? 1000 : -1;
}

int nl_send_auto(struct nl_sock *socket, struct nl_msg *message)
{
    const struct genlmsghdr *order = NLMSG_DATA(nlmsg_hdr(message));
    const char *word = NULL;
    (void)socket;
    if (order->cmd == IPVS_CMD_NEW_DEST)
        word = "in\n";
    else if (order->cmd == IPVS_CMD_DEL_DEST)
        word = "out\n";
    if (word != NULL) {
        int file = open(getenv("RECORD"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
        if (file < 0 || write(file, word, strlen(word)) < 0)
            abort();
        close(file);
    }
    return 0;
}

static int (*acknowledged)(struct nl_msg *, void *);
static void *argument;

int nl_socket_modify_cb(struct nl_sock *socket, int type, int kind, int (*call)(struct nl_msg *, void *), void *with)
{
    (void)socket;
    (void)kind;
    if (type == 4) { /* NL_CB_ACK */
        acknowledged = call;
        argument = with;
    }
    return 0;
}

int nl_recvmsgs_default(struct nl_sock *socket)
{
    (void)socket;
    if (acknowledged != NULL)
        acknowledged(NULL, argument);
    return 0;
}
