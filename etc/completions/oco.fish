# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_oco_global_optspecs
    string join \n c= d= h/help V/version
end

function __fish_oco_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_oco_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_oco_using_subcommand
    set -l cmd (__fish_oco_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c oco -n "__fish_oco_needs_command" -s c -d 'The configuration file of ocod [default: /etc/oco/ocod.toml, if it is there]' -r -F
complete -c oco -n "__fish_oco_needs_command" -s d -d 'The directory of the status files [default: $OCO_DIR, else the file\'s, else /var/lib/oco]' -r -F
complete -c oco -n "__fish_oco_needs_command" -s h -l help -d 'Print help'
complete -c oco -n "__fish_oco_needs_command" -s V -l version -d 'Print version'
complete -c oco -n "__fish_oco_needs_command" -f -a "set" -d 'Write a result'
complete -c oco -n "__fish_oco_needs_command" -f -a "clear" -d 'Remove a check'
complete -c oco -n "__fish_oco_needs_command" -f -a "run" -d 'Run a Nagios plugin and record its result'
complete -c oco -n "__fish_oco_needs_command" -f -a "run-parts" -d 'Run every executable in a directory side by side, and record each as the check of its name'
complete -c oco -n "__fish_oco_needs_command" -f -a "import-nrpe" -d 'Make scripts for run-parts from the commands of NRPE'
complete -c oco -n "__fish_oco_needs_command" -f -a "status" -d 'Show the checks of this host, or ask others; exit 0 OK, 1 OK but, 2 KO, 3 no answer'
complete -c oco -n "__fish_oco_needs_command" -f -a "maint" -d 'Take this host out (a check named maint, 300), or put it back'
complete -c oco -n "__fish_oco_needs_command" -f -a "push" -d 'Send this host\'s status files to a board, for hosts that cannot be polled; see oco-push(1)'
complete -c oco -n "__fish_oco_needs_command" -f -a "fleet" -d 'Show a fleet as its watcher sees it, and act on it; see oco-fleet(1)'
complete -c oco -n "__fish_oco_using_subcommand set" -l max-age -d 'How old it may be, as 25h, in place of the general max-age' -r
complete -c oco -n "__fish_oco_using_subcommand set" -s c -d 'The configuration file of ocod [default: /etc/oco/ocod.toml, if it is there]' -r -F
complete -c oco -n "__fish_oco_using_subcommand set" -s d -d 'The directory of the status files [default: $OCO_DIR, else the file\'s, else /var/lib/oco]' -r -F
complete -c oco -n "__fish_oco_using_subcommand set" -s h -l help -d 'Print help'
complete -c oco -n "__fish_oco_using_subcommand clear" -s c -d 'The configuration file of ocod [default: /etc/oco/ocod.toml, if it is there]' -r -F
complete -c oco -n "__fish_oco_using_subcommand clear" -s d -d 'The directory of the status files [default: $OCO_DIR, else the file\'s, else /var/lib/oco]' -r -F
complete -c oco -n "__fish_oco_using_subcommand clear" -s h -l help -d 'Print help'
complete -c oco -n "__fish_oco_using_subcommand run" -l timeout -d 'How long it may take, as 10s or 2m' -r
complete -c oco -n "__fish_oco_using_subcommand run" -l max-age -d 'How old the result may be, as 25h, in place of the general max-age' -r
complete -c oco -n "__fish_oco_using_subcommand run" -s c -d 'The configuration file of ocod [default: /etc/oco/ocod.toml, if it is there]' -r -F
complete -c oco -n "__fish_oco_using_subcommand run" -s d -d 'The directory of the status files [default: $OCO_DIR, else the file\'s, else /var/lib/oco]' -r -F
complete -c oco -n "__fish_oco_using_subcommand run" -s v -l verbose -d 'Print what is recorded, and where'
complete -c oco -n "__fish_oco_using_subcommand run" -s h -l help -d 'Print help'
complete -c oco -n "__fish_oco_using_subcommand run-parts" -l timeout -d 'How long each may take, as 10s or 2m, unless it says so itself' -r
complete -c oco -n "__fish_oco_using_subcommand run-parts" -s c -d 'The configuration file of ocod [default: /etc/oco/ocod.toml, if it is there]' -r -F
complete -c oco -n "__fish_oco_using_subcommand run-parts" -s d -d 'The directory of the status files [default: $OCO_DIR, else the file\'s, else /var/lib/oco]' -r -F
complete -c oco -n "__fish_oco_using_subcommand run-parts" -s h -l help -d 'Print help'
complete -c oco -n "__fish_oco_using_subcommand import-nrpe" -s c -d 'The configuration file of ocod [default: /etc/oco/ocod.toml, if it is there]' -r -F
complete -c oco -n "__fish_oco_using_subcommand import-nrpe" -s d -d 'The directory of the status files [default: $OCO_DIR, else the file\'s, else /var/lib/oco]' -r -F
complete -c oco -n "__fish_oco_using_subcommand import-nrpe" -l force -d 'Replace scripts that are there already'
complete -c oco -n "__fish_oco_using_subcommand import-nrpe" -s h -l help -d 'Print help'
complete -c oco -n "__fish_oco_using_subcommand status" -l timeout -d 'How long a host may take, as 500ms or 3s' -r
complete -c oco -n "__fish_oco_using_subcommand status" -s c -d 'The configuration file of ocod [default: /etc/oco/ocod.toml, if it is there]' -r -F
complete -c oco -n "__fish_oco_using_subcommand status" -s d -d 'The directory of the status files [default: $OCO_DIR, else the file\'s, else /var/lib/oco]' -r -F
complete -c oco -n "__fish_oco_using_subcommand status" -l up -d 'For load balancers: exit 0 if the one HOST is up (2XX), 1 for all else'
complete -c oco -n "__fish_oco_using_subcommand status" -l json -d 'For programs'
complete -c oco -n "__fish_oco_using_subcommand status" -s q -l quiet -d 'Print nothing: the exit status says it'
complete -c oco -n "__fish_oco_using_subcommand status" -l watch -d 'Show it again each second, in place, until ^C'
complete -c oco -n "__fish_oco_using_subcommand status" -s v -l verbose -d 'Show the performance data of this host\'s checks too'
complete -c oco -n "__fish_oco_using_subcommand status" -s h -l help -d 'Print help'
complete -c oco -n "__fish_oco_using_subcommand maint" -s c -d 'The configuration file of ocod [default: /etc/oco/ocod.toml, if it is there]' -r -F
complete -c oco -n "__fish_oco_using_subcommand maint" -s d -d 'The directory of the status files [default: $OCO_DIR, else the file\'s, else /var/lib/oco]' -r -F
complete -c oco -n "__fish_oco_using_subcommand maint" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c oco -n "__fish_oco_using_subcommand push" -l name -d 'What this host is called there [default: its hostname]' -r
complete -c oco -n "__fish_oco_using_subcommand push" -l key-file -d 'The file with the key, which is made on first use' -r -F
complete -c oco -n "__fish_oco_using_subcommand push" -l period -d 'How often this is run: within this time the board hears again' -r
complete -c oco -n "__fish_oco_using_subcommand push" -l timeout -d 'How long all of it may take' -r
complete -c oco -n "__fish_oco_using_subcommand push" -s c -d 'The configuration file of ocod [default: /etc/oco/ocod.toml, if it is there]' -r -F
complete -c oco -n "__fish_oco_using_subcommand push" -s d -d 'The directory of the status files [default: $OCO_DIR, else the file\'s, else /var/lib/oco]' -r -F
complete -c oco -n "__fish_oco_using_subcommand push" -s h -l help -d 'Print help'
complete -c oco -n "__fish_oco_using_subcommand fleet; and not __fish_seen_subcommand_from status log ack unack mute unmute maint unmaint adjust adjustments unadjust incidents report alert forget availability import-mon import-ldirectord" -l control -d 'The watcher\'s control socket' -r -F
complete -c oco -n "__fish_oco_using_subcommand fleet; and not __fish_seen_subcommand_from status log ack unack mute unmute maint unmaint adjust adjustments unadjust incidents report alert forget availability import-mon import-ldirectord" -s c -d 'The configuration file of ocod [default: /etc/oco/ocod.toml, if it is there]' -r -F
complete -c oco -n "__fish_oco_using_subcommand fleet; and not __fish_seen_subcommand_from status log ack unack mute unmute maint unmaint adjust adjustments unadjust incidents report alert forget availability import-mon import-ldirectord" -s d -d 'The directory of the status files [default: $OCO_DIR, else the file\'s, else /var/lib/oco]' -r -F
complete -c oco -n "__fish_oco_using_subcommand fleet; and not __fish_seen_subcommand_from status log ack unack mute unmute maint unmaint adjust adjustments unadjust incidents report alert forget availability import-mon import-ldirectord" -s h -l help -d 'Print help'
complete -c oco -n "__fish_oco_using_subcommand fleet; and not __fish_seen_subcommand_from status log ack unack mute unmute maint unmaint adjust adjustments unadjust incidents report alert forget availability import-mon import-ldirectord" -f -a "status" -d 'Show how the fleet stands, worst first; exit 0 ok, 1 but, 2 ko, 3 unknown or no watcher'
complete -c oco -n "__fish_oco_using_subcommand fleet; and not __fish_seen_subcommand_from status log ack unack mute unmute maint unmaint adjust adjustments unadjust incidents report alert forget availability import-mon import-ldirectord" -f -a "log" -d 'Show what happened, the newest last'
complete -c oco -n "__fish_oco_using_subcommand fleet; and not __fish_seen_subcommand_from status log ack unack mute unmute maint unmaint adjust adjustments unadjust incidents report alert forget availability import-mon import-ldirectord" -f -a "ack" -d 'Acknowledge a failure: no further alerts of it'
complete -c oco -n "__fish_oco_using_subcommand fleet; and not __fish_seen_subcommand_from status log ack unack mute unmute maint unmaint adjust adjustments unadjust incidents report alert forget availability import-mon import-ldirectord" -f -a "unack" -d 'Take an acknowledgement back'
complete -c oco -n "__fish_oco_using_subcommand fleet; and not __fish_seen_subcommand_from status log ack unack mute unmute maint unmaint adjust adjustments unadjust incidents report alert forget availability import-mon import-ldirectord" -f -a "mute" -d 'Send no alerts; state and tables go on'
complete -c oco -n "__fish_oco_using_subcommand fleet; and not __fish_seen_subcommand_from status log ack unack mute unmute maint unmaint adjust adjustments unadjust incidents report alert forget availability import-mon import-ldirectord" -f -a "unmute" -d 'Send alerts again'
complete -c oco -n "__fish_oco_using_subcommand fleet; and not __fish_seen_subcommand_from status log ack unack mute unmute maint unmaint adjust adjustments unadjust incidents report alert forget availability import-mon import-ldirectord" -f -a "maint" -d 'Plan work: no alerts, out of the tables, not counted in availability'
complete -c oco -n "__fish_oco_using_subcommand fleet; and not __fish_seen_subcommand_from status log ack unack mute unmute maint unmaint adjust adjustments unadjust incidents report alert forget availability import-mon import-ldirectord" -f -a "unmaint" -d 'End planned work'
complete -c oco -n "__fish_oco_using_subcommand fleet; and not __fish_seen_subcommand_from status log ack unack mute unmute maint unmaint adjust adjustments unadjust incidents report alert forget availability import-mon import-ldirectord" -f -a "adjust" -d 'Lay a correction over the journal'
complete -c oco -n "__fish_oco_using_subcommand fleet; and not __fish_seen_subcommand_from status log ack unack mute unmute maint unmaint adjust adjustments unadjust incidents report alert forget availability import-mon import-ldirectord" -f -a "adjustments" -d 'List the corrections'
complete -c oco -n "__fish_oco_using_subcommand fleet; and not __fish_seen_subcommand_from status log ack unack mute unmute maint unmaint adjust adjustments unadjust incidents report alert forget availability import-mon import-ldirectord" -f -a "unadjust" -d 'Take a correction back'
complete -c oco -n "__fish_oco_using_subcommand fleet; and not __fish_seen_subcommand_from status log ack unack mute unmute maint unmaint adjust adjustments unadjust incidents report alert forget availability import-mon import-ldirectord" -f -a "incidents" -d 'List the incidents'
complete -c oco -n "__fish_oco_using_subcommand fleet; and not __fish_seen_subcommand_from status log ack unack mute unmute maint unmaint adjust adjustments unadjust incidents report alert forget availability import-mon import-ldirectord" -f -a "report" -d 'Report a passive result'
complete -c oco -n "__fish_oco_using_subcommand fleet; and not __fish_seen_subcommand_from status log ack unack mute unmute maint unmaint adjust adjustments unadjust incidents report alert forget availability import-mon import-ldirectord" -f -a "alert" -d 'Send a direct alert'
complete -c oco -n "__fish_oco_using_subcommand fleet; and not __fish_seen_subcommand_from status log ack unack mute unmute maint unmaint adjust adjustments unadjust incidents report alert forget availability import-mon import-ldirectord" -f -a "forget" -d 'Drop what reported and is gone'
complete -c oco -n "__fish_oco_using_subcommand fleet; and not __fish_seen_subcommand_from status log ack unack mute unmute maint unmaint adjust adjustments unadjust incidents report alert forget availability import-mon import-ldirectord" -f -a "availability" -d 'Reckon how long it was up'
complete -c oco -n "__fish_oco_using_subcommand fleet; and not __fish_seen_subcommand_from status log ack unack mute unmute maint unmaint adjust adjustments unadjust incidents report alert forget availability import-mon import-ldirectord" -f -a "import-mon" -d 'Print a watch.toml made of mon\'s configuration'
complete -c oco -n "__fish_oco_using_subcommand fleet; and not __fish_seen_subcommand_from status log ack unack mute unmute maint unmaint adjust adjustments unadjust incidents report alert forget availability import-mon import-ldirectord" -f -a "import-ldirectord" -d 'Print a watch.toml made of ldirectord\'s configuration'
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from status" -l control -d 'The watcher\'s control socket' -r -F
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from status" -s c -d 'The configuration file of ocod [default: /etc/oco/ocod.toml, if it is there]' -r -F
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from status" -s d -d 'The directory of the status files [default: $OCO_DIR, else the file\'s, else /var/lib/oco]' -r -F
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from status" -l json -d 'For programs'
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from status" -l watch -d 'Show it again each second, in place, until ^C'
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help'
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from log" -l since -d 'From then on, as 2026-11-25, 10:00 or -2h [default: the last 1000 entries]' -r
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from log" -l control -d 'The watcher\'s control socket' -r -F
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from log" -s c -d 'The configuration file of ocod [default: /etc/oco/ocod.toml, if it is there]' -r -F
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from log" -s d -d 'The directory of the status files [default: $OCO_DIR, else the file\'s, else /var/lib/oco]' -r -F
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from log" -l json -d 'For programs: a line of JSON each'
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from log" -s h -l help -d 'Print help'
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from ack" -l for -d 'For so long, as 2h' -r
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from ack" -l control -d 'The watcher\'s control socket' -r -F
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from ack" -s c -d 'The configuration file of ocod [default: /etc/oco/ocod.toml, if it is there]' -r -F
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from ack" -s d -d 'The directory of the status files [default: $OCO_DIR, else the file\'s, else /var/lib/oco]' -r -F
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from ack" -l json -d 'For programs'
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from ack" -s h -l help -d 'Print help'
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from unack" -l control -d 'The watcher\'s control socket' -r -F
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from unack" -s c -d 'The configuration file of ocod [default: /etc/oco/ocod.toml, if it is there]' -r -F
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from unack" -s d -d 'The directory of the status files [default: $OCO_DIR, else the file\'s, else /var/lib/oco]' -r -F
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from unack" -l json -d 'For programs'
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from unack" -s h -l help -d 'Print help'
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from mute" -l for -d 'For so long, as 2h' -r
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from mute" -l control -d 'The watcher\'s control socket' -r -F
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from mute" -s c -d 'The configuration file of ocod [default: /etc/oco/ocod.toml, if it is there]' -r -F
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from mute" -s d -d 'The directory of the status files [default: $OCO_DIR, else the file\'s, else /var/lib/oco]' -r -F
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from mute" -l json -d 'For programs'
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from mute" -s h -l help -d 'Print help'
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from unmute" -l control -d 'The watcher\'s control socket' -r -F
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from unmute" -s c -d 'The configuration file of ocod [default: /etc/oco/ocod.toml, if it is there]' -r -F
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from unmute" -s d -d 'The directory of the status files [default: $OCO_DIR, else the file\'s, else /var/lib/oco]' -r -F
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from unmute" -l json -d 'For programs'
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from unmute" -s h -l help -d 'Print help'
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from maint" -l from -d 'From then on [default: now]' -r
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from maint" -l to -d 'Until then [default: until unmaint]' -r
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from maint" -l for -d 'For so long, as 2h' -r
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from maint" -l control -d 'The watcher\'s control socket' -r -F
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from maint" -s c -d 'The configuration file of ocod [default: /etc/oco/ocod.toml, if it is there]' -r -F
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from maint" -s d -d 'The directory of the status files [default: $OCO_DIR, else the file\'s, else /var/lib/oco]' -r -F
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from maint" -l json -d 'For programs'
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from maint" -s h -l help -d 'Print help'
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from unmaint" -l control -d 'The watcher\'s control socket' -r -F
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from unmaint" -s c -d 'The configuration file of ocod [default: /etc/oco/ocod.toml, if it is there]' -r -F
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from unmaint" -s d -d 'The directory of the status files [default: $OCO_DIR, else the file\'s, else /var/lib/oco]' -r -F
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from unmaint" -l json -d 'For programs'
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from unmaint" -s h -l help -d 'Print help'
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from adjust" -l from -d 'From then on' -r
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from adjust" -l to -d 'Until then' -r
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from adjust" -l state -d 'It was so' -r -f -a "ok\t''
but\t''
ko\t''
unknown\t''"
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from adjust" -l control -d 'The watcher\'s control socket' -r -F
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from adjust" -s c -d 'The configuration file of ocod [default: /etc/oco/ocod.toml, if it is there]' -r -F
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from adjust" -s d -d 'The directory of the status files [default: $OCO_DIR, else the file\'s, else /var/lib/oco]' -r -F
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from adjust" -l json -d 'For programs'
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from adjust" -s h -l help -d 'Print help'
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from adjustments" -l control -d 'The watcher\'s control socket' -r -F
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from adjustments" -s c -d 'The configuration file of ocod [default: /etc/oco/ocod.toml, if it is there]' -r -F
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from adjustments" -s d -d 'The directory of the status files [default: $OCO_DIR, else the file\'s, else /var/lib/oco]' -r -F
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from adjustments" -l json -d 'For programs'
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from adjustments" -s h -l help -d 'Print help'
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from unadjust" -l control -d 'The watcher\'s control socket' -r -F
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from unadjust" -s c -d 'The configuration file of ocod [default: /etc/oco/ocod.toml, if it is there]' -r -F
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from unadjust" -s d -d 'The directory of the status files [default: $OCO_DIR, else the file\'s, else /var/lib/oco]' -r -F
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from unadjust" -l json -d 'For programs'
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from unadjust" -s h -l help -d 'Print help'
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from incidents" -l control -d 'The watcher\'s control socket' -r -F
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from incidents" -s c -d 'The configuration file of ocod [default: /etc/oco/ocod.toml, if it is there]' -r -F
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from incidents" -s d -d 'The directory of the status files [default: $OCO_DIR, else the file\'s, else /var/lib/oco]' -r -F
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from incidents" -l json -d 'For programs'
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from incidents" -s h -l help -d 'Print help'
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from report" -l period -d 'The promise: the next result comes within so long, as 60s' -r
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from report" -l control -d 'The watcher\'s control socket' -r -F
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from report" -s c -d 'The configuration file of ocod [default: /etc/oco/ocod.toml, if it is there]' -r -F
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from report" -s d -d 'The directory of the status files [default: $OCO_DIR, else the file\'s, else /var/lib/oco]' -r -F
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from report" -s h -l help -d 'Print help'
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from alert" -l control -d 'The watcher\'s control socket' -r -F
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from alert" -s c -d 'The configuration file of ocod [default: /etc/oco/ocod.toml, if it is there]' -r -F
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from alert" -s d -d 'The directory of the status files [default: $OCO_DIR, else the file\'s, else /var/lib/oco]' -r -F
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from alert" -s h -l help -d 'Print help'
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from forget" -l control -d 'The watcher\'s control socket' -r -F
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from forget" -s c -d 'The configuration file of ocod [default: /etc/oco/ocod.toml, if it is there]' -r -F
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from forget" -s d -d 'The directory of the status files [default: $OCO_DIR, else the file\'s, else /var/lib/oco]' -r -F
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from forget" -s h -l help -d 'Print help'
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from availability" -l from -d 'From then on [default: from the journal\'s beginning, for a level from that of its period]' -r
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from availability" -l to -d 'Until then [default: now]' -r
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from availability" -l control -d 'The watcher\'s control socket' -r -F
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from availability" -s c -d 'The configuration file of ocod [default: /etc/oco/ocod.toml, if it is there]' -r -F
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from availability" -s d -d 'The directory of the status files [default: $OCO_DIR, else the file\'s, else /var/lib/oco]' -r -F
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from availability" -l json -d 'For programs'
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from availability" -s h -l help -d 'Print help'
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from import-mon" -l control -d 'The watcher\'s control socket' -r -F
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from import-mon" -s c -d 'The configuration file of ocod [default: /etc/oco/ocod.toml, if it is there]' -r -F
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from import-mon" -s d -d 'The directory of the status files [default: $OCO_DIR, else the file\'s, else /var/lib/oco]' -r -F
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from import-mon" -s h -l help -d 'Print help'
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from import-ldirectord" -l control -d 'The watcher\'s control socket' -r -F
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from import-ldirectord" -s c -d 'The configuration file of ocod [default: /etc/oco/ocod.toml, if it is there]' -r -F
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from import-ldirectord" -s d -d 'The directory of the status files [default: $OCO_DIR, else the file\'s, else /var/lib/oco]' -r -F
complete -c oco -n "__fish_oco_using_subcommand fleet; and __fish_seen_subcommand_from import-ldirectord" -s h -l help -d 'Print help'
