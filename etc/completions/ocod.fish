complete -c ocod -s c -d 'The configuration file [default: /etc/oco/ocod.toml, if it is there]' -r -F
complete -c ocod -s d -d 'The directory of the status files [default: $OCO_DIR, else the file\'s, else /var/lib/oco]' -r -F
complete -c ocod -s l -d 'Listen here instead of where the file says; may be given several times [default: [::]:79]' -r
complete -c ocod -l max-age -d 'How old a result may be, as 5m or 25h [default: the file\'s, else 5m]' -r
complete -c ocod -s u -d 'Become this user once the ports are bound' -r
complete -c ocod -s t -d 'Check the configuration and exit'
complete -c ocod -s h -l help -d 'Print help'
complete -c ocod -s V -l version -d 'Print version'
