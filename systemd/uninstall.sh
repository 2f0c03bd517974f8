#!/bin/sh
# Remove what install.sh installed, but for the configuration and the data; `make uninstall-service` calls it.
set -eu
root=${DESTDIR:-}

if [ -z "$root" ]; then
    [ "$(id -u)" = 0 ] || { echo "Removing a service needs root: sudo make uninstall-service" >&2; exit 1; }
    [ ! -d /run/systemd/system ] || systemctl disable --now monitor || true
fi
[ ! -e "$root/opt/monitor/Makefile" ] || { echo "$root/opt/monitor holds a checkout, not the service's program: left alone" >&2; exit 1; }
rm -rf "$root/opt/monitor" "$root/opt/monitor.new"
rm -f "$root/etc/systemd/system/monitor.service"
[ ! -L "$root/usr/local/bin/monitor" ] || rm "$root/usr/local/bin/monitor"
if [ -z "$root" ] && [ -d /run/systemd/system ]; then
    systemctl daemon-reload
fi

cat <<END
The service is gone. These stay, with your configuration, history and weights:
  $root/etc/monitor $root/var/lib/monitor $root/var/log/monitor, and the user and group monitor
To remove them too: sudo rm -r $root/etc/monitor $root/var/lib/monitor $root/var/log/monitor; sudo userdel monitor
END
