# The gateway in a container: docker compose up -d (docs/operate.md).

FROM python:3.12-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
RUN python -m venv /opt/amq2api
# Dependencies first: their layer stays while only the source changes.
COPY requirements.lock ./
RUN /opt/amq2api/bin/pip install --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY src ./src
RUN /opt/amq2api/bin/pip install --no-deps --no-build-isolation .

FROM python:3.12-slim
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin amq2api \
    && install --directory --owner 10001 --mode 0700 /data
COPY --from=build /opt/amq2api /opt/amq2api
ENV PATH=/opt/amq2api/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    AMQ2API_HOST=0.0.0.0 \
    PORT=3015 \
    AMQ2API_ACCOUNT_FILE=/data/account.json \
    AMQ2API_TOKEN_CACHE=/data/token_cache.json \
    AMQ2API_CALIBRATION_FILE=/data/calibration.json \
    AMQ2API_API_KEY_FILE=/data/api_keys \
    AMQ2API_ADMIN_FILE=/data/admin.json
USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 3015
# Without the proxies that may be set for the way out.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["python", "-c", "import os, urllib.request as r; r.build_opener(r.ProxyHandler({})).open('http://127.0.0.1:' + os.environ['PORT'] + '/health', timeout=4)"]
STOPSIGNAL SIGTERM
CMD ["amq2api", "serve"]
