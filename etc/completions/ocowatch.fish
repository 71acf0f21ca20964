complete -c ocowatch -s c -d 'The configuration file' -r -F
complete -c ocowatch -s t -d 'Check the configuration, and exit'
complete -c ocowatch -l once -d 'Probe all once, print the table, and exit: 2 if anything is ko, else 3 if unknown, else 1 if but, else 0'
complete -c ocowatch -l json -d 'Print JSON in place of the table'
complete -c ocowatch -s h -l help -d 'Print help'
complete -c ocowatch -s V -l version -d 'Print version'
