# Nothing is fetched that a lock does not pin, and nothing is kept that SpikeTrace does not run: no pip, no build tools.
FROM python:3.13-slim AS build
RUN python -m venv /opt/build && python -m venv --without-pip /opt/spiketrace
ENV PATH=/opt/build/bin:$PATH PIP_NO_CACHE_DIR=1
WORKDIR /source
COPY requirements-build.lock requirements-run.lock requirements-local.lock ./
RUN pip install --require-hashes --requirement requirements-build.lock
RUN pip --python /opt/spiketrace/bin/python install --require-hashes --requirement requirements-run.lock
# For a sentence model of your own (docs/similar.md): docker build --build-arg LOCAL_EMBEDDINGS=yes
ARG LOCAL_EMBEDDINGS=
RUN test -z "$LOCAL_EMBEDDINGS" || pip --python /opt/spiketrace/bin/python install --require-hashes --requirement requirements-local.lock
COPY . .
RUN pip wheel --no-deps --no-build-isolation --wheel-dir /dist .
RUN pip --python /opt/spiketrace/bin/python install --no-deps --no-index /dist/*.whl

FROM python:3.13-slim
RUN useradd --system --uid 10001 --no-create-home spiketrace
COPY --from=build /opt/spiketrace /opt/spiketrace
ENV PATH=/opt/spiketrace/bin:$PATH PYTHONUNBUFFERED=1
WORKDIR /tmp
USER 10001
ENTRYPOINT ["spiketrace"]
CMD ["webhook"]
