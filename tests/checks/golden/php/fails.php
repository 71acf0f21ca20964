echo "PHP Warning:  a notice" >&2
echo "no database"
exit 1
