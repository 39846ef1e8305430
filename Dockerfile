# syntax=docker/dockerfile:1
# one image for every part: Airflow's parts, `trivet serve`, the sandbox, the backups of files
FROM python:3.11.14-slim-bookworm AS build
# compiled here: the parts run as a user who cannot write it, and would compile all that they import at every start
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 UV_COMPILE_BYTECODE=1
WORKDIR /src
COPY requirements-tools.lock requirements-cluster.lock requirements-audio.lock ./
RUN python -m venv /opt/trivet \
 && /opt/trivet/bin/pip install --require-hashes -r requirements-tools.lock \
 && VIRTUAL_ENV=/opt/trivet /opt/trivet/bin/uv pip install --no-cache --require-hashes -r requirements-cluster.lock \
 && VIRTUAL_ENV=/opt/trivet /opt/trivet/bin/uv pip install --no-cache --require-hashes --no-deps -r requirements-audio.lock
COPY setup.cfg pyproject.toml README.md LICENSE NOTICE ./
COPY trivet trivet
COPY connectors connectors
COPY schemas schemas
COPY sandbox sandbox
# a wheel, not a link to this folder: the second stage has no sources
RUN VIRTUAL_ENV=/opt/trivet /opt/trivet/bin/uv build --wheel --no-build-isolation --out-dir /wheels \
 && VIRTUAL_ENV=/opt/trivet /opt/trivet/bin/uv pip install --no-cache --no-deps /wheels/*.whl

FROM python:3.11.14-slim-bookworm
RUN groupadd --gid 50000 trivet && useradd --uid 50000 --gid trivet --home-dir /var/lib/trivet --create-home trivet \
 && install -d -o trivet -g trivet /opt/airflow /var/lib/trivet/state /var/lib/trivet/anchors
# the probes of Airflow's chart start everything through it
RUN printf '#!/bin/sh\nexec "$@"\n' > /entrypoint && chmod 0755 /entrypoint
COPY --from=build /opt/trivet /opt/trivet
COPY dags /opt/deployment/dags
COPY plugins /opt/deployment/plugins
# a deployment mounts its own mappings over these
COPY mappings /opt/deployment/mappings
ENV PATH=/opt/trivet/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    AIRFLOW_HOME=/opt/airflow AIRFLOW__CORE__LOAD_EXAMPLES=False \
    AIRFLOW__CORE__DAGS_FOLDER=/opt/deployment/dags AIRFLOW__CORE__PLUGINS_FOLDER=/opt/deployment/plugins \
    TRIVET_HOME=/opt/deployment TRIVET_STATE=/var/lib/trivet/state TRIVET_ANCHORS=/var/lib/trivet/anchors
USER trivet
WORKDIR /opt/deployment
# the command is the part's: `airflow scheduler`, `trivet serve`, …
CMD ["trivet", "--help"]
