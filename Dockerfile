FROM python:3.12-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app

# The packages change less often than the code, so they are a layer of their own.
COPY requirements.txt ./
RUN pip install --require-hashes -r requirements.txt

COPY . .
# Editable: templates and static files are found beside the package.
RUN pip install --no-deps --no-build-isolation -e .

ENV AGILEML_DATA=/data
# The static files belong to this release, so they are in the image; only /data/uploads is a volume.
# A key is needed to load the settings, and this one is kept nowhere.
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin agileml \
    && mkdir -p /data/uploads \
    && AGILEML_SECRET_KEY=unused AGILEML_FIELD_KEYS=unused-unused-unused-unused-unused python manage.py collectstatic --no-input --verbosity 0 \
    && chown -R agileml /data
USER agileml
VOLUME /data/uploads
EXPOSE 8000

HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://localhost:8000/healthz/', timeout=4)"]

# Open streams would hold the stop up for as long as somebody watches a board, hence the kill timeout.
CMD ["granian", "--interface", "asginl", "--host", "0.0.0.0", "--port", "8000", "--workers", "2", \
     "--no-ws", "--workers-kill-timeout", "2", "agileml.asgi:application"]
