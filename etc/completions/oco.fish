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

complete -c oco -n "__fish_oco_needs_command" -s c -d 'The configuration file [default: /etc/oco/ocod.toml, if it is there]' -r -F
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
complete -c oco -n "__fish_oco_using_subcommand set" -l max-age -d 'How old it may be, as 25h, in place of the general max-age' -r
complete -c oco -n "__fish_oco_using_subcommand set" -s c -d 'The configuration file [default: /etc/oco/ocod.toml, if it is there]' -r -F
complete -c oco -n "__fish_oco_using_subcommand set" -s d -d 'The directory of the status files [default: $OCO_DIR, else the file\'s, else /var/lib/oco]' -r -F
complete -c oco -n "__fish_oco_using_subcommand set" -s h -l help -d 'Print help'
complete -c oco -n "__fish_oco_using_subcommand clear" -s c -d 'The configuration file [default: /etc/oco/ocod.toml, if it is there]' -r -F
complete -c oco -n "__fish_oco_using_subcommand clear" -s d -d 'The directory of the status files [default: $OCO_DIR, else the file\'s, else /var/lib/oco]' -r -F
complete -c oco -n "__fish_oco_using_subcommand clear" -s h -l help -d 'Print help'
complete -c oco -n "__fish_oco_using_subcommand run" -l timeout -d 'How long it may take, as 10s or 2m' -r
complete -c oco -n "__fish_oco_using_subcommand run" -l max-age -d 'How old the result may be, as 25h, in place of the general max-age' -r
complete -c oco -n "__fish_oco_using_subcommand run" -s c -d 'The configuration file [default: /etc/oco/ocod.toml, if it is there]' -r -F
complete -c oco -n "__fish_oco_using_subcommand run" -s d -d 'The directory of the status files [default: $OCO_DIR, else the file\'s, else /var/lib/oco]' -r -F
complete -c oco -n "__fish_oco_using_subcommand run" -s v -l verbose -d 'Print what is recorded, and where'
complete -c oco -n "__fish_oco_using_subcommand run" -s h -l help -d 'Print help'
complete -c oco -n "__fish_oco_using_subcommand run-parts" -l timeout -d 'How long each may take, as 10s or 2m, unless it says so itself' -r
complete -c oco -n "__fish_oco_using_subcommand run-parts" -s c -d 'The configuration file [default: /etc/oco/ocod.toml, if it is there]' -r -F
complete -c oco -n "__fish_oco_using_subcommand run-parts" -s d -d 'The directory of the status files [default: $OCO_DIR, else the file\'s, else /var/lib/oco]' -r -F
complete -c oco -n "__fish_oco_using_subcommand run-parts" -s h -l help -d 'Print help'
complete -c oco -n "__fish_oco_using_subcommand import-nrpe" -s c -d 'The configuration file [default: /etc/oco/ocod.toml, if it is there]' -r -F
complete -c oco -n "__fish_oco_using_subcommand import-nrpe" -s d -d 'The directory of the status files [default: $OCO_DIR, else the file\'s, else /var/lib/oco]' -r -F
complete -c oco -n "__fish_oco_using_subcommand import-nrpe" -l force -d 'Replace scripts that are there already'
complete -c oco -n "__fish_oco_using_subcommand import-nrpe" -s h -l help -d 'Print help'
complete -c oco -n "__fish_oco_using_subcommand status" -l timeout -d 'How long a host may take, as 500ms or 3s' -r
complete -c oco -n "__fish_oco_using_subcommand status" -s c -d 'The configuration file [default: /etc/oco/ocod.toml, if it is there]' -r -F
complete -c oco -n "__fish_oco_using_subcommand status" -s d -d 'The directory of the status files [default: $OCO_DIR, else the file\'s, else /var/lib/oco]' -r -F
complete -c oco -n "__fish_oco_using_subcommand status" -l up -d 'For load balancers: exit 0 if the one HOST is up (2XX), 1 for all else'
complete -c oco -n "__fish_oco_using_subcommand status" -l json -d 'For programs'
complete -c oco -n "__fish_oco_using_subcommand status" -s q -l quiet -d 'Print nothing: the exit status says it'
complete -c oco -n "__fish_oco_using_subcommand status" -l watch -d 'Show it again each second, in place, until ^C'
complete -c oco -n "__fish_oco_using_subcommand status" -s v -l verbose -d 'Show the performance data of this host\'s checks too'
complete -c oco -n "__fish_oco_using_subcommand status" -s h -l help -d 'Print help'
complete -c oco -n "__fish_oco_using_subcommand maint" -s c -d 'The configuration file [default: /etc/oco/ocod.toml, if it is there]' -r -F
complete -c oco -n "__fish_oco_using_subcommand maint" -s d -d 'The directory of the status files [default: $OCO_DIR, else the file\'s, else /var/lib/oco]' -r -F
complete -c oco -n "__fish_oco_using_subcommand maint" -s h -l help -d 'Print help (see more with \'--help\')'
