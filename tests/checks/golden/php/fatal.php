printf '\nPHP Fatal error:  Uncaught Error: Call to undefined function foo()\nStack trace:\n' >&2
exit 255
