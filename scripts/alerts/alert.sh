#!/bin/sh
# What the alert programs beside this file have in common. They read it; by itself it
# does nothing.
#
# An alert program is called as mon 1.3 calls it, by ocowatch and by mon:
#
#     PROGRAM -s SERVICE -g GROUP -h "HOSTS" -t EPOCH [-u] ARGUMENT...
#
# ocowatch hands over more by variables, OCO_NAME and others, which mon does not
# have; there the event is made of mon's. A program sets $program, and
# $own_options where it has some, and has a function usage; then it reads this,
# calls read_call "$@" and drops $consumed arguments.
#
# For tests: OCO_PATH (the whole PATH).
# shellcheck disable=SC2034,SC2154 # variables of, and for, those that read this
set -u
PATH=${OCO_PATH:-/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin}
# Lengths are octets, and nothing depends on what the caller speaks.
export PATH LC_ALL=C

newline='
'

# end STATUS WHAT: one line on stderr.
end() {
    printf '%s: %s' "$program" "$2" | clean | tr '\n\t' '? ' >&2
    echo >&2
    exit "$1"
}

bad_usage() {
    end 2 "$1; see $program --help"
}

# Text without what could end a line early, or upset a terminal.
clean() {
    tr -d '\000\r' | tr '\001-\010\013-\037\177' '?'
}

# read_call ARGUMENT...: sets the variables below from arguments, environment and standard input.
read_call() {
    [ "${1-}" != --help ] || { usage && exit 0; }
    service='' group='' hosts='' epoch='' recovers='' from='' token_file=''
    # -l is of older mons; a, D, T and O are mon's alerts of other kinds.
    while getopts ":s:g:h:t:l:uaDTO${own_options-}" option; do
        case $option in
            s) service=$OPTARG ;;
            g) group=$OPTARG ;;
            h) hosts=$OPTARG ;;
            t) epoch=$OPTARG ;;
            u) recovers=yes ;;
            f) from=$OPTARG ;;
            k) token_file=$OPTARG ;;
            l | a | D | T | O) ;;
            :) bad_usage "-$OPTARG wants a value" ;;
            *) bad_usage "no option -$OPTARG" ;;
        esac
    done
    consumed=$((OPTIND - 1))
    if [ -z "$service" ] || [ -z "$group" ]; then
        bad_usage "no -s SERVICE and -g GROUP, which ocowatch and mon give"
    fi
    case $epoch in
        *[!0-9]*) bad_usage "-t wants seconds since 1970, not '$epoch'" ;;
    esac
    name=$(printf '%s' "${OCO_NAME:-$group/$service}" | clean | tr '\n' ' ')
    if [ -n "${OCO_EVENT-}" ]; then
        event=$OCO_EVENT
    elif [ -n "$recovers" ]; then
        event=ok
    else
        case ${MON_ALERTTYPE-} in
            ack | disable | startup | test) event=$MON_ALERTTYPE ;;
            *) event=ko ;;
        esac
    fi
    if [ -n "$recovers" ]; then state=ok; else state=ko; fi
    state=${OCO_STATE:-$state}
    code=${OCO_CODE-}
    case $code in
        *[!0-9]*) code='' ;;
    esac
    # The first line and the others, and what acknowledges: a link, and its token in brackets.
    input=$(clean)
    summary=$(printf '%s\n' "$input" | sed q)
    detail=$(printf '%s\n' "$input" | sed 1d)
    link='' token=''
    if [ -n "${OCO_NAME-}" ]; then
        link=$(printf '%s\n' "$detail" | sed -n '/^Acknowledge: http/{s/^Acknowledge: //p;q;}')
        token=$(printf '%s\n' "$detail" | sed -n '$s/^\[[!-~]*]$/&/p')
        [ -z "$link" ] || detail=$(printf '%s\n' "$detail" | sed '/^Acknowledge: http/,$d')
    fi
}

# How bad it is: worst, bad, odd or good.
severity() {
    case $event,$code in
        ok,*) echo good ;;
        incident,* | late,* | *,5??) echo worst ;;
        ko,* | direct,*) echo bad ;;
        *) echo odd ;;
    esac
}

# headline LIMIT: what happened, in one line of about so many octets: "KO web/oco: web1 web2 refused, web3 timeout".
#
# Names of hosts come from ocowatch's variables, for the first line is free text under mon. A reason is what follows
# the name in its line.
headline() {
    printf '%s\n' "$input" | LIMIT=$1 EVENT=$event NAME=$name awk '
        # Where one word is too long already, so be it: an encoder mends what this leaves of a letter.
        function cut(item, at) {
            if (length(item) <= limit) return item
            item = substr(item, 1, limit)
            for (at = limit; at > limit / 2 && substr(item, at, 1) != " "; at--);
            return (at > limit / 2 ? substr(item, 1, at - 1) : item) "..."
        }
        # Those of which the same is said stand together.
        function put(host, why) {
            # A monitor may have named it once more.
            if (index(why, " " host " ") == 1) why = substr(why, length(host) + 2)
            if (!(why in size)) order[++groups] = why
            if (size[why]++ && length(hosts[why]) + length(host) > limit * 0.6) uncounted[why]++
            else hosts[why] = hosts[why] (hosts[why] == "" ? "" : " ") host
        }
        BEGIN {
            event = ENVIRON["EVENT"]
            start = (event == "direct" ? "ALERT" : toupper(event)) " " ENVIRON["NAME"]
            limit = ENVIRON["LIMIT"] - length(start) - 16
            if (limit < 40) limit = 40
            failed = split(ENVIRON["OCO_FAILED"], fails, " ")
            back = split(ENVIRON["OCO_RECOVERED"], returns, " ")
            if (event == "direct") back = failed = 0
            if (event == "ok" && back) failed = 0
        }
        NR == 1 { summary = $0; next }
        {
            host = $1
            sub(/:$/, "", host)
            if (host == "" || host in reason) next
            reason[host] = $0
            sub(/^[ \t]*[^ \t]+/, "", reason[host])
            sub(/[ \t]+$/, "", reason[host])
        }
        END {
            for (i = 1; i <= back; i++) put(returns[i], back > 1 ? " are back" : " is back")
            for (i = 1; i <= failed; i++) put(fails[i], reason[fails[i]])
            for (i = 1; i <= groups; i++) {
                why = order[i]
                item = hosts[why] (uncounted[why] ? " and " uncounted[why] " more" : "") why
                if (left || (text != "" && length(text) + length(item) > limit)) left += size[why]
                else text = text (text == "" ? "" : ", ") cut(item)
            }
            if (left) text = text " and " left " more"
            if (!groups) {
                # What has no members tells of itself: "slo:shop: ko (budget spent)".
                if (summary == ENVIRON["NAME"]) {
                    summary = reason[summary]
                    if (!sub(/^ [a-z]+ \(/, "", summary)) summary = ""
                    sub(/\)$/, "", summary)
                }
                gsub(/[ \t]+/, " ", summary)
                sub(/^ /, "", summary)
                sub(/ $/, "", summary)
                text = cut(summary)
            }
            line = start (text == "" ? "" : ": ") text
            gsub(/[[:cntrl:]]/, "?", line)
            # Names have at most 64 octets; who calls this otherwise gets no more room either.
            print substr(line, 1, ENVIRON["LIMIT"] + 64)
        }'
}

# when EPOCH: for people.
when() {
    date -d "@$1" '+%a %d %b %Y %H:%M:%S %Z' 2>/dev/null || printf '%s\n' "$1"
}

# json KEY VALUE...: an object. A key is s:NAME, where its value is a string, n:NAME, a number, null where it is empty, or
# l:NAME, a list of words.
#
# It is of ASCII alone, so no awk has to know of letters; what is no UTF-8 becomes U+FFFD.
json() {
    printf '%s\000' "$@" | od -An -v -tu1 | awk '
        function u(c) { printf "\\u%04x", c }
        function put(c) {
            if (is_key < 2) { key = key sprintf("%c", c); return }
            if (type == "n") { printf "%c", c; any = 1; return }
            if (type == "l" && c == 32) { inside = 0; return }
            if (type == "l" && !inside) { printf "%s\"", any ? "\"," : ""; inside = 1 }
            any = 1
            if (c == 34 || c == 92) printf "\\%c", c
            else if (c == 10) printf "\\n"
            else if (c >= 65536) { u(55296 + int((c - 65536) / 1024)); u(56320 + c % 1024) }
            else if (c < 32 || c > 126) u(c)
            else printf "%c", c
        }
        # The first string of each two is a key.
        function finish() {
            if (is_key < 2) {
                type = substr(key, 1, 1)
                printf "%s\"%s\":%s", many++ ? "," : "", substr(key, 3), type == "l" ? "[" : type == "s" ? "\"" : ""
                is_key = 2
            } else {
                if (type == "n" && !any) printf "null"
                printf "%s", type == "l" ? (any ? "\"]" : "]") : type == "s" ? "\"" : ""
                is_key = 0
            }
            key = ""; any = 0; inside = 0
        }
        function begin(rest, first, from, to) { need = rest; letter = first; low = from; high = to }
        function take(b) {
            if (need) {
                if (b >= low && b <= high) {
                    letter = letter * 64 + b - 128
                    low = 128; high = 191
                    if (!--need) put(letter)
                    return
                }
                need = 0
                put(65533)
            }
            if (!b) finish()
            else if (b < 128) put(b)
            else if (b >= 194 && b <= 223) begin(1, b - 192, 128, 191)
            else if (b >= 224 && b <= 239) begin(2, b - 224, b == 224 ? 160 : 128, b == 237 ? 159 : 191)
            else if (b >= 240 && b <= 244) begin(3, b - 240, b == 240 ? 144 : 128, b == 244 ? 143 : 191)
            else put(65533)
        }
        BEGIN { printf "{" }
        { for (i = 1; i <= NF; i++) take($i + 0) }
        END { print "}" }'
}

# check_url URL: of http, or of https.
check_url() {
    case $1 in
        *[![:graph:]]*) bad_usage "a URL has only visible ASCII" ;;
        http://?* | https://?*) ;;
        *) bad_usage "expected a URL of http or https, not '$1'" ;;
    esac
}

# post URL CURL_ARGUMENT...: standard input. Anything but a 2XX is an error. Only the host is named: the rest of a URL
# may be a secret.
post() {
    url=$1
    shift
    command -v curl >/dev/null 2>&1 || end 1 "curl is missing: apt-get install curl"
    where=${url#*://}
    where=${where%%[/?#]*}
    where=${where##*@}
    said=$(curl -sS -g --max-time 20 -o /dev/null -w '%{http_code}' -H 'Content-Type: application/json' "$@" \
        --data-binary @- --url "$url" 2>&1)
    status=$?
    if [ "$status" -ne 0 ]; then
        said=${said%%"$newline"*}
        end 1 "$where: ${said:-curl ended with status $status}"
    fi
    case $said in
        2??) ;;
        *) end 1 "$where answered ${said##*"$newline"}" ;;
    esac
}
