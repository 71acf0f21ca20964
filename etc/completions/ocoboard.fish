# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_ocoboard_global_optspecs
    string join \n c= t h/help V/version
end

function __fish_ocoboard_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_ocoboard_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_ocoboard_using_subcommand
    set -l cmd (__fish_ocoboard_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c ocoboard -n "__fish_ocoboard_needs_command" -s c -d 'The configuration file' -r -F
complete -c ocoboard -n "__fish_ocoboard_needs_command" -s t -d 'Check the configuration, and exit'
complete -c ocoboard -n "__fish_ocoboard_needs_command" -s h -l help -d 'Print help'
complete -c ocoboard -n "__fish_ocoboard_needs_command" -s V -l version -d 'Print version'
complete -c ocoboard -n "__fish_ocoboard_needs_command" -f -a "report" -d 'Write or send a report'
complete -c ocoboard -n "__fish_ocoboard_needs_command" -f -a "token" -d 'Make, list and revoke tokens; a running board knows it at once'
complete -c ocoboard -n "__fish_ocoboard_needs_command" -f -a "key" -d 'List and forget keys of pushers'
complete -c ocoboard -n "__fish_ocoboard_needs_command" -f -a "ack-mail" -d 'Acknowledge by a mail on standard input, as an answer to an alert'
complete -c ocoboard -n "__fish_ocoboard_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ocoboard -n "__fish_ocoboard_using_subcommand report" -l period -d 'Of when: 2026-10, 2026-W40, 2026-Q3, 2026, last-month or FROM..TO' -r
complete -c ocoboard -n "__fish_ocoboard_using_subcommand report" -l format -d 'As what; default: what the name of -o ends in, else html' -r -f -a "pdf\t'For print'
html\t'For browsers'
csv\t'For spreadsheets'
xml\t'For programs'
json\t'For programs'"
complete -c ocoboard -n "__fish_ocoboard_using_subcommand report" -s o -d 'Into this file; default: standard output' -r -F
complete -c ocoboard -n "__fish_ocoboard_using_subcommand report" -l mail -d 'Send it to this address; may be given several times' -r
complete -c ocoboard -n "__fish_ocoboard_using_subcommand report" -s c -d 'The configuration file' -r -F
complete -c ocoboard -n "__fish_ocoboard_using_subcommand report" -l due -d 'Send what the reports of the file owe; for cron'
complete -c ocoboard -n "__fish_ocoboard_using_subcommand report" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ocoboard -n "__fish_ocoboard_using_subcommand token; and not __fish_seen_subcommand_from new list revoke help" -s c -d 'The configuration file' -r -F
complete -c ocoboard -n "__fish_ocoboard_using_subcommand token; and not __fish_seen_subcommand_from new list revoke help" -s h -l help -d 'Print help'
complete -c ocoboard -n "__fish_ocoboard_using_subcommand token; and not __fish_seen_subcommand_from new list revoke help" -f -a "new" -d 'Make one, and print it, which nothing does again'
complete -c ocoboard -n "__fish_ocoboard_using_subcommand token; and not __fish_seen_subcommand_from new list revoke help" -f -a "list" -d 'List them'
complete -c ocoboard -n "__fish_ocoboard_using_subcommand token; and not __fish_seen_subcommand_from new list revoke help" -f -a "revoke" -d 'Take one back'
complete -c ocoboard -n "__fish_ocoboard_using_subcommand token; and not __fish_seen_subcommand_from new list revoke help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ocoboard -n "__fish_ocoboard_using_subcommand token; and __fish_seen_subcommand_from new" -l role -d 'What it may' -r -f -a "read\t'See pages and the API'
act\t'That, and acknowledge, mute and the like'
push\t'Push as the server of that name'"
complete -c ocoboard -n "__fish_ocoboard_using_subcommand token; and __fish_seen_subcommand_from new" -s c -d 'The configuration file' -r -F
complete -c ocoboard -n "__fish_ocoboard_using_subcommand token; and __fish_seen_subcommand_from new" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ocoboard -n "__fish_ocoboard_using_subcommand token; and __fish_seen_subcommand_from list" -s c -d 'The configuration file' -r -F
complete -c ocoboard -n "__fish_ocoboard_using_subcommand token; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c ocoboard -n "__fish_ocoboard_using_subcommand token; and __fish_seen_subcommand_from revoke" -s c -d 'The configuration file' -r -F
complete -c ocoboard -n "__fish_ocoboard_using_subcommand token; and __fish_seen_subcommand_from revoke" -s h -l help -d 'Print help'
complete -c ocoboard -n "__fish_ocoboard_using_subcommand token; and __fish_seen_subcommand_from help" -f -a "new" -d 'Make one, and print it, which nothing does again'
complete -c ocoboard -n "__fish_ocoboard_using_subcommand token; and __fish_seen_subcommand_from help" -f -a "list" -d 'List them'
complete -c ocoboard -n "__fish_ocoboard_using_subcommand token; and __fish_seen_subcommand_from help" -f -a "revoke" -d 'Take one back'
complete -c ocoboard -n "__fish_ocoboard_using_subcommand token; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ocoboard -n "__fish_ocoboard_using_subcommand key; and not __fish_seen_subcommand_from list forget help" -s c -d 'The configuration file' -r -F
complete -c ocoboard -n "__fish_ocoboard_using_subcommand key; and not __fish_seen_subcommand_from list forget help" -s h -l help -d 'Print help'
complete -c ocoboard -n "__fish_ocoboard_using_subcommand key; and not __fish_seen_subcommand_from list forget help" -f -a "list" -d 'List them'
complete -c ocoboard -n "__fish_ocoboard_using_subcommand key; and not __fish_seen_subcommand_from list forget help" -f -a "forget" -d 'Forget one: a host that was made anew may come back with another key'
complete -c ocoboard -n "__fish_ocoboard_using_subcommand key; and not __fish_seen_subcommand_from list forget help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ocoboard -n "__fish_ocoboard_using_subcommand key; and __fish_seen_subcommand_from list" -s c -d 'The configuration file' -r -F
complete -c ocoboard -n "__fish_ocoboard_using_subcommand key; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c ocoboard -n "__fish_ocoboard_using_subcommand key; and __fish_seen_subcommand_from forget" -s c -d 'The configuration file' -r -F
complete -c ocoboard -n "__fish_ocoboard_using_subcommand key; and __fish_seen_subcommand_from forget" -s h -l help -d 'Print help'
complete -c ocoboard -n "__fish_ocoboard_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "list" -d 'List them'
complete -c ocoboard -n "__fish_ocoboard_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "forget" -d 'Forget one: a host that was made anew may come back with another key'
complete -c ocoboard -n "__fish_ocoboard_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ocoboard -n "__fish_ocoboard_using_subcommand ack-mail" -s c -d 'The configuration file' -r -F
complete -c ocoboard -n "__fish_ocoboard_using_subcommand ack-mail" -s h -l help -d 'Print help'
complete -c ocoboard -n "__fish_ocoboard_using_subcommand help; and not __fish_seen_subcommand_from report token key ack-mail help" -f -a "report" -d 'Write or send a report'
complete -c ocoboard -n "__fish_ocoboard_using_subcommand help; and not __fish_seen_subcommand_from report token key ack-mail help" -f -a "token" -d 'Make, list and revoke tokens; a running board knows it at once'
complete -c ocoboard -n "__fish_ocoboard_using_subcommand help; and not __fish_seen_subcommand_from report token key ack-mail help" -f -a "key" -d 'List and forget keys of pushers'
complete -c ocoboard -n "__fish_ocoboard_using_subcommand help; and not __fish_seen_subcommand_from report token key ack-mail help" -f -a "ack-mail" -d 'Acknowledge by a mail on standard input, as an answer to an alert'
complete -c ocoboard -n "__fish_ocoboard_using_subcommand help; and not __fish_seen_subcommand_from report token key ack-mail help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ocoboard -n "__fish_ocoboard_using_subcommand help; and __fish_seen_subcommand_from token" -f -a "new" -d 'Make one, and print it, which nothing does again'
complete -c ocoboard -n "__fish_ocoboard_using_subcommand help; and __fish_seen_subcommand_from token" -f -a "list" -d 'List them'
complete -c ocoboard -n "__fish_ocoboard_using_subcommand help; and __fish_seen_subcommand_from token" -f -a "revoke" -d 'Take one back'
complete -c ocoboard -n "__fish_ocoboard_using_subcommand help; and __fish_seen_subcommand_from key" -f -a "list" -d 'List them'
complete -c ocoboard -n "__fish_ocoboard_using_subcommand help; and __fish_seen_subcommand_from key" -f -a "forget" -d 'Forget one: a host that was made anew may come back with another key'
