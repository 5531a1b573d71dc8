# `sentiment serve` with the shipped model, ONNX Runtime and no PyTorch.
#
#   docker build -t sentiment .
#   docker run --rm --read-only --tmpfs /tmp --cap-drop ALL -p 127.0.0.1:8000:8000 sentiment
#
# A model of yours: -v "$PWD/runs/mine:/model:ro" and `serve --model /model --host 0.0.0.0 …`.
FROM python:3.12-slim AS build
ENV PIP_NO_CACHE_DIR=1 PATH=/venv/bin:$PATH
RUN apt-get update && apt-get install -y --no-install-recommends binutils && python -m venv /venv
WORKDIR /app
COPY requirements-serve.txt requirements-onnx.txt ./
RUN pip install --no-compile -r requirements-serve.txt
COPY pyproject.toml README.md LICENSE ./
COPY sentiment sentiment
RUN pip install --no-compile --no-deps .
# Two thirds of the size of spaCy's packages are debug symbols.
RUN find /venv -regex '.*/\(blis\|preshed\|spacy\|srsly\|thinc\)/.*\.so' -exec strip --strip-debug {} +

FROM python:3.12-slim
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PATH=/venv/bin:$PATH
COPY --from=build /venv /venv
RUN useradd --no-create-home --uid 10001 sentiment
USER 10001
EXPOSE 8000
HEALTHCHECK --start-period=60s CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=5)"]
ENTRYPOINT ["sentiment"]
CMD ["serve", "--host", "0.0.0.0", "--allowed-host", "*"]
