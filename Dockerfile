# monitor in a container, for amd64 and arm64 alike:
#   docker build -t monitor .
#   docker run --rm -it monitor hash-password    # the page needs one, as it is reached from outside the container
# compose.yaml starts it together with a broker. Nothing secret is in the image: the configuration is mounted at /etc/monitor/config.yaml,
# and passwords reach it from the environment (${NAME}) or from a mounted file (!file PATH).

# The Python that the tests run on and constraints.txt was made with.
ARG PYTHON=3.11-slim-bookworm

FROM python:${PYTHON} AS build
WORKDIR /opt/monitor
# First what the installation needs, so that a change to the program downloads nothing again.
COPY pyproject.toml constraints.txt README.md ./
COPY systemd/venv.sh systemd/
COPY monitor/__init__.py monitor/
# What `make setup` does: the pinned versions, and PyTorch's builds for the CPU on either architecture.
RUN sh systemd/venv.sh
COPY monitor monitor
# The models and their ONNX files, so that the first start needs neither the network nor a minute of PyTorch. A model that cannot be
# fetched today is a warning, unless none can.
RUN .venv/bin/python -m compileall -q monitor \
    && .venv/bin/monitor weights fetch \
    && .venv/bin/monitor weights export \
    && mv weights /weights

FROM python:${PYTHON}
# The number is written out, so that folders of the host can be given to it: chown 10001.
RUN groupadd --gid 10001 monitor \
    && useradd --uid 10001 --gid 10001 --home-dir /data --no-create-home --shell /usr/sbin/nologin monitor \
    && install -d -o 10001 -g 10001 /data
COPY --from=build /opt/monitor/.venv /opt/monitor/.venv
COPY --from=build /opt/monitor/monitor /opt/monitor/monitor
COPY --from=build --chown=10001:10001 /weights /weights
ENV PATH=/opt/monitor/.venv/bin:$PATH \
    MONITOR_WEIGHTS=/weights \
    MALLOC_ARENA_MAX=2 \
    MALLOC_TRIM_THRESHOLD_=131072 \
    OMP_WAIT_POLICY=PASSIVE \
    ORT_DISABLE_TELEMETRY=1
WORKDIR /data
USER 10001:10001
# History, snapshots and clips; model files and what is made from them on this CPU.
VOLUME ["/data", "/weights"]
EXPOSE 8080
# It is answered by an orderly stop, and every child is waited for: no init such as tini is needed in front.
STOPSIGNAL SIGTERM
# Unhealthy is a daemon whose threads hang, which a restart mends; cameras and brokers come and go without. For `web.listen` at port 8080.
# Docker by itself only shows it; Podman restarts with --health-on-failure=restart. Not urllib: it would ask the proxy that an engine may set.
HEALTHCHECK --interval=30s --timeout=10s --start-period=3m --retries=3 \
    CMD ["python", "-c", "import http.client; to = http.client.HTTPConnection('127.0.0.1', 8080, timeout=8); to.request('GET', '/healthz'); exit(to.getresponse().status != 200)"]
ENTRYPOINT ["monitor"]
CMD ["run", "--config", "/etc/monitor/config.yaml"]
