#!/bin/sh
# Install the service from this checkout and its .venv; `make install-service` calls it. Nothing is downloaded.
#   /opt/monitor              the program with its own Python environment; replaced as a whole
#   /etc/monitor/config.yaml  the configuration; never overwritten
#   /var/lib/monitor          history, snapshots, weights
#   /var/log/monitor          the detection log
# With DESTDIR everything goes below it, no user is made and systemd is not spoken to: that is left to the package.
set -eu
umask 022
cd "$(dirname "$0")/.."
root=${DESTDIR:-}
app=$root/opt/monitor
new=$app.new
etc=$root/etc/monitor
state=$root/var/lib/monitor

stop() { echo "$*" >&2; exit 1; }

[ -n "$root" ] || [ "$(id -u)" = 0 ] || stop "Installing a service needs root: sudo make install-service"
[ ! -e "$app/Makefile" ] || stop "$app holds a checkout, and the program goes there: move the checkout, for example to your home"
[ -x .venv/bin/python ] || stop "There is no .venv yet: make setup"

# The distribution's own Python where it is the same version: the service may not look into anybody's home.
version=$(.venv/bin/python -c 'import sys; print("%d.%d" % sys.version_info[:2])')
python=/usr/bin/python$version
[ -x "$python" ] || python=$(.venv/bin/python -c 'import os, sys; print(os.path.realpath(sys.executable))')
case $python in
    /home/* | /root/*)
        problem="The service may not read $python. Make .venv with a Python outside the homes: make clean setup PYTHON=/usr/bin/python3"
        [ -n "$root" ] || stop "$problem"
        echo "$problem" >&2
        ;;
esac

if [ -z "$root" ]; then
    getent group monitor >/dev/null || groupadd --system monitor
    getent passwd monitor >/dev/null ||
        useradd --system --gid monitor --home-dir /var/lib/monitor --no-create-home --shell /usr/sbin/nologin monitor
    daemon="-o monitor -g monitor"
    reader="-g monitor"
else
    daemon=
    reader=
fi

echo "Copying the program to $app"
rm -rf "$new"
install -d "$new/systemd"
"$python" -m venv --without-pip "$new/.venv"
# The environment is made beside its final place; its few mentions of the path are set right.
sed -i "s|$new|/opt/monitor|g" "$new"/.venv/pyvenv.cfg "$new"/.venv/bin/[aA]ctivate*
packages=$new/.venv/lib/python$version/site-packages
cp -R --preserve=mode,timestamps ".venv/lib/python$version/site-packages/." "$packages"
rm -rf "$packages"/__editable__* "$packages"/monitor-*.dist-info/direct_url.json
cp -R --preserve=mode,timestamps monitor "$packages"
cp systemd/torch-engine.conf "$new/systemd"
printf '#!/bin/sh\nexec /opt/monitor/.venv/bin/python -P -m monitor "$@"\n' >"$new/.venv/bin/monitor"
chmod -R u=rwX,go=rX "$new"
chmod 755 "$new/.venv/bin/monitor"
rm -rf "$app"
mv "$new" "$app"
install -d "$root/usr/local/bin"
command=$root/usr/local/bin/monitor
if [ ! -e "$command" ] || [ -L "$command" ]; then
    ln -sf /opt/monitor/.venv/bin/monitor "$command"
fi

# shellcheck disable=SC2086 # the owners are options, or nothing
install -d -m 2770 $daemon "$state" "$state/weights" "$root/var/log/monitor"
# The service may write there: without --remove-destination a link that it left would be written through, as root.
cp -R --update --remove-destination --preserve=timestamps weights/. "$state/weights"
if [ -z "$root" ]; then
    chown -R monitor:monitor "$state/weights"
fi
chmod -R u=rwX,g=rwX,o= "$state/weights"
find "$state/weights" -type d -exec chmod 2770 {} +

install -d "$etc"
rm -f "$etc/config.yaml.new"
if [ ! -e "$etc/config.yaml" ]; then
    # shellcheck disable=SC2086
    install -m 640 $reader systemd/config.yaml "$etc/config.yaml"
elif ! cmp -s systemd/config.yaml "$etc/config.yaml"; then
    # shellcheck disable=SC2086
    install -m 640 $reader systemd/config.yaml "$etc/config.yaml.new"
    echo "Kept your $etc/config.yaml; this version's default lies beside it as config.yaml.new"
fi

install -D -m 644 systemd/monitor.service "$root/etc/systemd/system/monitor.service"
if [ -z "$root" ] && [ -d /run/systemd/system ]; then
    systemctl daemon-reload
    systemctl try-restart monitor
fi

cat <<END
Installed. What is left to do:
  1. Put your cameras and your broker into /etc/monitor/config.yaml, then: sudo monitor check-config /etc/monitor/config.yaml
  2. Start it, now and at every boot: sudo systemctl enable --now monitor
  3. Watch it: journalctl -fu monitor
To read the history without sudo, join the group and sign in again: sudo usermod -aG monitor ${SUDO_USER:-YOU}
END
if [ -n "$root" ]; then
    echo "Below $root no user was made: the package makes the system user and group monitor, who own /var/lib/monitor and /var/log/monitor."
fi
