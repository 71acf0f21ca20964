complete -c oco-push -s c -d 'The configuration file of ocod [default: /etc/oco/ocod.toml, if it is there]' -r -F
complete -c oco-push -s d -d 'The directory of the status files [default: $OCO_DIR, else the file\'s, else /var/lib/oco]' -r -F
complete -c oco-push -l name -d 'What this host is called there [default: its hostname]' -r
complete -c oco-push -l key-file -d 'The file with the key, which is made on first use' -r -F
complete -c oco-push -l period -d 'How often this is run: within this time the board hears again' -r
complete -c oco-push -l timeout -d 'How long all of it may take' -r
complete -c oco-push -s h -l help -d 'Print help'
complete -c oco-push -s V -l version -d 'Print version'
