echo
echo "orders: 12 | 'orders'=12;;;0"
echo "not shown"
