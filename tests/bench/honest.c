/*
 * The honest C daemon: the yardstick ocod is measured against.
 *
 * It is what a careful C programmer writes first: one thread, one edge-triggered epoll. It keeps the code of each
 * status file of a directory up to date by inotify, and tells each client that connects the worst of them in one
 * line. An answer reflects every file closed before the client connected. A connection is closed only after the
 * client's own end of file, so that no reset overtakes the line. It knows nothing of age, limits or faces.
 *
 * It works in batches, as ocod does: it accepts until nobody waits, reads the directory's events once, answers all, and
 * then drains each once. Only a client that has not closed by then is registered with epoll. With -e it does what one
 * writes before having thought of that: it registers each connection when it answers it, and drains it at its event.
 *
 *     honest [-e] -l ADDR:PORT -d DIR
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	MAX_CHECKS = 16384,
	MAX_FDS = 65536,
	BATCH = 1024,		/* connections accepted before they are answered, and answered before they are drained */
	EVENTS = 256,
	LINGER_MS = 2000,	/* a client that does not close is closed */
	LINGER_BYTES = 65536,
	LINE = 512
};

struct check {
	char name[65];
	int code;
};

/* A connection that has its line. Oldest first, so that the head has the next deadline. */
struct conn {
	long deadline_ms;
	long drained;
	int prev, next;		/* descriptors, -1 at the ends */
};

static struct check checks[MAX_CHECKS];
static int nchecks;
static char line[LINE];
static size_t line_len;

static struct conn conns[MAX_FDS];
static int oldest = -1, newest = -1;

static const char *dir;
static int epfd, dirfd_, inofd, listenfd;
static int by_events;		/* -e */

static long now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- the status files ---- */

static int is_check(const char *name)
{
	return name[0] != '.' && strlen(name) < sizeof checks[0].name;
}

/* The code in a file's first line: 300 when there is none, -1 when there is no file. */
static int read_code(const char *name)
{
	unsigned char b[4096];
	int fd = openat(dirfd_, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -1 : 300;
	ssize_t n = read(fd, b, sizeof b);
	close(fd);
	if (n < 3 || !isdigit(b[0]) || !isdigit(b[1]) || !isdigit(b[2]))
		return 300;
	if (n > 3 && !isspace(b[3]) && b[3] != '-')
		return 300;
	int code = (b[0] - '0') * 100 + (b[1] - '0') * 10 + (b[2] - '0');
	int known = b[0] == '2' || b[0] == '3' || b[0] == '5';
	return known ? code : 300;
}

static void update(const char *name)
{
	int i, code = read_code(name);
	for (i = 0; i < nchecks && strcmp(checks[i].name, name) != 0; i++)
		;
	if (code < 0) {
		if (i < nchecks)
			checks[i] = checks[--nchecks];
		return;
	}
	if (i == MAX_CHECKS)
		return;
	if (i == nchecks)
		strcpy(checks[nchecks++].name, name);
	checks[i].code = code;
}

static void make_line(void)
{
	int worst = 200;
	for (int i = 0; i < nchecks; i++)
		if (checks[i].code > worst)
			worst = checks[i].code;
	if (nchecks == 0)
		worst = 300;
	const char *state = worst >= 500 ? "550 KO" : worst >= 300 ? "350 KO" : worst > 200 ? "250 OK, but" : "200 OK";
	line_len = snprintf(line, sizeof line, "%s honest-1.0.0", state);
	char sep = ' ';
	for (int i = 0; i < nchecks && line_len + 72 < sizeof line; i++)
		if (checks[i].code != 200) {
			line_len += snprintf(line + line_len, sizeof line - line_len, "%c%d-%s", sep, checks[i].code, checks[i].name);
			sep = ',';
		}
	line_len += snprintf(line + line_len, sizeof line - line_len, "\r\n");
}

static void scan(void)
{
	nchecks = 0;
	DIR *d = opendir(dir);
	if (!d)
		err(1, "opendir %s", dir);
	for (struct dirent *e; (e = readdir(d));)
		if (is_check(e->d_name))
			update(e->d_name);
	closedir(d);
	make_line();
}

/* Take in all that has happened to the files until now. */
static void drain_inotify(void)
{
	static char buf[65536] __attribute__((aligned(__alignof__(struct inotify_event))));
	int changed = 0;
	ssize_t n;
	while ((n = read(inofd, buf, sizeof buf)) > 0 || (n < 0 && errno == EINTR)) {
		const struct inotify_event *e;
		for (char *p = buf; p < buf + n; p += sizeof *e + e->len) {
			e = (const struct inotify_event *)p;
			if (e->mask & IN_Q_OVERFLOW)
				scan();
			else if (e->len && is_check(e->name)) {
				update(e->name);
				changed = 1;
			}
		}
	}
	if (changed)
		make_line();
}

/* ---- the connections ---- */

static void hang_up(int fd)
{
	struct conn *c = &conns[fd];
	*(c->prev < 0 ? &oldest : &conns[c->prev].next) = c->next;
	*(c->next < 0 ? &newest : &conns[c->next].prev) = c->prev;
	close(fd);
}

/* Throw away what a client sends. True when it has closed, or has sent too much. */
static int is_over(int fd)
{
	char b[4096];
	for (;;) {
		ssize_t n = recv(fd, b, sizeof b, 0);
		if (n > 0 && (conns[fd].drained += n) <= LINGER_BYTES)
			continue;
		if (n < 0 && errno == EINTR)
			continue;
		return !(n < 0 && errno == EAGAIN);
	}
}

static void drain(int fd)
{
	if (is_over(fd))
		hang_up(fd);
}

static int answer(int fd)
{
	return send(fd, line, line_len, MSG_NOSIGNAL) < 0 || shutdown(fd, SHUT_WR) < 0 ? -1 : 0;
}

/* Wait for a client to close. */
static int keep(int fd, long now)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.fd = fd };
	conns[fd].deadline_ms = now + LINGER_MS;
	conns[fd].prev = newest;
	conns[fd].next = -1;
	*(newest < 0 ? &oldest : &conns[newest].next) = fd;
	newest = fd;
	return epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &e);
}

static void serve_by_events(int *batch, int n, long now)
{
	for (int i = 0; i < n; i++)
		if (keep(batch[i], now) < 0 || answer(batch[i]) < 0)
			hang_up(batch[i]);
}

/* By the time when all have their line, many have read it and closed: those need not be registered. */
static void serve_at_once(int *batch, int n, long now)
{
	int answered = 0;
	for (int i = 0; i < n; i++)
		if (answer(batch[i]) < 0)
			close(batch[i]);
		else
			batch[answered++] = batch[i];
	for (int i = 0; i < answered; i++)
		if (is_over(batch[i]))
			close(batch[i]);
		else if (keep(batch[i], now) < 0)
			hang_up(batch[i]);
}

/* Accept first, then look at the files, then answer: so every file closed before a connect() is in the line. */
static void serve(void)
{
	static int batch[BATCH];
	int n, fd = 0;
	while (fd >= 0) {
		for (n = 0; n < BATCH; ) {
			fd = accept4(listenfd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
			if (fd >= 0 && fd < MAX_FDS) {
				conns[fd].drained = 0;
				batch[n++] = fd;
			} else if (fd >= 0)
				close(fd);
			else if (errno != EINTR && errno != ECONNABORTED)
				break;
		}
		if (n > 0)
			drain_inotify();
		(by_events ? serve_by_events : serve_at_once)(batch, n, now_ms());
	}
}

/* ---- start and loop ---- */

static void watch(int fd)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLET, .data.fd = fd };
	if (epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &e) < 0)
		err(1, "epoll_ctl");
}

static void start(const char *address)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	const char *colon = strrchr(address, ':');
	char host[64];
	if (!colon || snprintf(host, sizeof host, "%.*s", (int)(colon - address), address) >= (int)sizeof host
	    || inet_pton(AF_INET, host, &a.sin_addr) != 1)
		errx(2, "%s: not ADDR:PORT", address);
	a.sin_port = htons(atoi(colon + 1));

	struct rlimit files;
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);

	epfd = epoll_create1(EPOLL_CLOEXEC);
	dirfd_ = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	inofd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (dirfd_ < 0 || inotify_add_watch(inofd, dir, IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE) < 0)
		err(1, "%s", dir);
	scan();

	int one = 1;
	listenfd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	setsockopt(listenfd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(listenfd, (struct sockaddr *)&a, sizeof a) < 0 || listen(listenfd, 4096) < 0)
		err(1, "%s", address);
	watch(inofd);
	watch(listenfd);
}

int main(int argc, char **argv)
{
	const char *address = NULL;
	for (int o; (o = getopt(argc, argv, "el:d:")) != -1;)
		if (o == 'e')
			by_events = 1;
		else if (o == 'l')
			address = optarg;
		else if (o == 'd')
			dir = optarg;
	if (!address || !dir)
		errx(2, "usage: honest [-e] -l ADDR:PORT -d DIR");
	start(address);

	for (;;) {
		static struct epoll_event events[EVENTS];
		long wait = oldest < 0 ? -1 : conns[oldest].deadline_ms - now_ms();
		int n = epoll_wait(epfd, events, EVENTS, oldest < 0 ? -1 : wait < 0 ? 0 : (int)wait + 1);
		if (n < 0 && errno != EINTR)
			err(1, "epoll_wait");
		int callers = 0;
		for (int i = 0; i < n; i++) {
			int fd = events[i].data.fd;
			if (fd == listenfd)
				callers = 1;
			else if (fd == inofd)
				drain_inotify();
			else
				drain(fd);
		}
		if (callers)
			serve();
		for (long now = oldest < 0 ? 0 : now_ms(); oldest >= 0 && conns[oldest].deadline_ms <= now;)
			hang_up(oldest);
	}
}
