# The web process of docker-compose.yml. The widget's built bundle is part of the source.
FROM python:3.11-slim-bookworm

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore

WORKDIR /app
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin loquent \
    && install -d -o loquent -g loquent -m 0700 /app/var

COPY requirements.txt ./
RUN pip install -r requirements.txt
COPY manage.py ./
COPY loquent loquent
COPY contacts contacts
COPY widgets widgets
COPY widget-js/dist widget-js/dist
RUN python -m compileall -q loquent contacts widgets

USER loquent
EXPOSE 8000
# 30 s for running answers to end, and some more.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
    CMD ["python", "-c", "import socket; socket.create_connection(('127.0.0.1', 8000), 2).close()"]
CMD ["python", "manage.py", "serve", "--host", "0.0.0.0", "--port", "8000"]
