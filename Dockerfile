# One image for the three processes; compose.yaml starts each with `tandem run --only NAME`.
FROM python:3.10-slim-bookworm AS build
WORKDIR /app
# Some requirements are published as source only.
RUN apt-get update && apt-get install -y --no-install-recommends gcc g++ && rm -rf /var/lib/apt/lists/*
RUN python -m venv .venv && .venv/bin/pip install --quiet --upgrade "pip>=24,<26"
COPY requirements.txt ./
RUN .venv/bin/pip install --no-cache-dir --use-pep517 --require-hashes -r requirements.txt
COPY pyproject.toml README.md ./
COPY tandem tandem
RUN .venv/bin/pip install --no-cache-dir --no-deps --no-build-isolation -e .
COPY config.yml domain.yml credentials.yml endpoints.yml ./
RUN .venv/bin/python -m tandem.nlu.weights
COPY data data
COPY actions actions
RUN .venv/bin/tandem train && rm -rf .rasa models/.new models/.training

FROM python:3.10-slim-bookworm
RUN apt-get update && apt-get install -y --no-install-recommends libgomp1 && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 1000 --home-dir /app tandem
WORKDIR /app
COPY --from=build --chown=root:root /app /app
RUN mkdir -p var/run && chown -R tandem:tandem var
USER tandem
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 TANDEM_HOST=0.0.0.0
VOLUME /app/var
EXPOSE 5005 5055 5080
HEALTHCHECK --interval=30s --timeout=20s --start-period=5m CMD ["tandem", "status"]
CMD ["tandem", "run", "--no-train"]
