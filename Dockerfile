# The server's image. The widget's built bundle is part of the source: no Node.js is needed.
# With traces: docker build --build-arg REQUIREMENTS=requirements-tracing.txt .
ARG PYTHON=3.11-slim-bookworm

FROM python:${PYTHON} AS build
ARG REQUIREMENTS=requirements.txt
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_NO_COMPILE=1 \
    PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
RUN python -m venv --without-pip /venv
COPY locks/requirements.txt locks/requirements-tracing.txt locks/
RUN pip --python /venv/bin/python install --require-hashes \
    -r locks/requirements.txt -r "locks/${REQUIREMENTS}"
COPY manage.py ./
COPY loquent loquent
COPY contacts contacts
COPY widgets widgets
COPY widget-js/dist widget-js/dist
# Static files get their hashes and are compressed once, here. Compiled code is the same in every
# build: by the hash of its source, not by its time.
RUN DEBUG=1 STATIC_ROOT=/app/static /venv/bin/python manage.py collectstatic --no-input --verbosity 0 \
    && /venv/bin/python -m compileall -q --invalidation-mode unchecked-hash /venv/lib . \
    && install -d -o 10001 -g 10001 -m 0700 var

FROM python:${PYTHON}
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    STATIC_ROOT=/app/static
WORKDIR /app
COPY --from=build /venv /venv
COPY --from=build /app /app
# Of nobody's in the image, and able to write in var/ (SQLite) and the temporary directory only.
USER 10001:10001
EXPOSE 8000
# 25 s for answers under way to end, and some more.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=4s --start-period=30s CMD ["python", "-c", \
    "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/healthz', timeout=3)"]
CMD ["python", "manage.py", "serve", "--host", "0.0.0.0", "--port", "8000"]
