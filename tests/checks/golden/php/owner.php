echo "I am $(id -u)"
