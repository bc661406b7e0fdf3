FROM python:3.13-slim AS build
RUN python -m venv /opt/spiketrace
ENV PATH=/opt/spiketrace/bin:$PATH
WORKDIR /source
COPY requirements.lock .
RUN pip install --no-cache-dir --require-hashes --requirement requirements.lock
COPY . .
RUN pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.13-slim
RUN useradd --system --uid 10001 --no-create-home spiketrace
COPY --from=build /opt/spiketrace /opt/spiketrace
ENV PATH=/opt/spiketrace/bin:$PATH PYTHONUNBUFFERED=1
WORKDIR /tmp
USER 10001
ENTRYPOINT ["spiketrace"]
CMD ["webhook"]
