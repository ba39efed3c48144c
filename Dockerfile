# Init Lab in one container: docker build -t init-lab . && docker run -p 8501:8501 init-lab
# For NVIDIA GPUs: docker build --build-arg TORCH_INDEX=https://download.pytorch.org/whl/cu130 -t init-lab:cuda .
# How to run it in earnest: docs/deploying.md

FROM python:3.11-slim AS build
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
# strip, for below: the newest that the distribution has.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends binutils \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY requirements.txt .
# torch comes from PyTorch's index first, one try; where that is out of reach, from wherever pip is configured to look.
# The image needs no pip, and no bytecode but that of the rehearsal below.
RUN python -m venv --without-pip /opt/venv \
    && grep '^torch==' requirements.txt > torch.txt \
    && { pip --python /opt/venv/bin/python install --no-cache-dir --no-compile --no-deps --retries 0 --timeout 15 \
            --index-url "$TORCH_INDEX" -r torch.txt \
        || echo "$TORCH_INDEX is out of reach; asking pip's own."; } \
    && pip --python /opt/venv/bin/python install --no-cache-dir --no-compile -r requirements.txt \
    && rm torch.txt
# Left out is what a compiler, a debugger, a test runner or a notebook would read, and the app never does:
#   torch/test, torch/bin   C++ test programs and protoc; of these torch asks for torch_shm_manager when imported
#   */include               C++ headers of torch and pyarrow
#   */tests                 the packages' own tests; what torch calls so is part of it and stays
#   share/jupyter, *extension   scripts of pydeck and plotly for Jupyter
#   names of local symbols in torch's libraries, which only a debugger shows
WORKDIR /opt/venv/lib/python3.11/site-packages
RUN rm -rf torch/test torch/include pyarrow/include \
        /opt/venv/share/jupyter pydeck/nbextension plotly/labextension \
    && find torch/bin -mindepth 1 ! -name torch_shm_manager -delete \
    && find . -path ./torch -prune -o -type d -name tests -prune -exec rm -rf {} + \
    && strip --strip-unneeded torch/lib/*.so
WORKDIR /app
COPY .streamlit .streamlit
COPY core core
COPY pages pages
COPY app.py pyproject.toml LICENSE ./
# Every view is opened with what is left. The bytecode of all that it took, Python's own library included, goes along.
COPY deploy/rehearse.py deploy/
RUN PYTHONPYCACHEPREFIX=/opt/bytecode /opt/venv/bin/python -m deploy.rehearse \
    && rm -r deploy

FROM python:3.11-slim
LABEL org.opencontainers.image.title="Init Lab" \
      org.opencontainers.image.description="How should these weights start, and did they?" \
      org.opencontainers.image.licenses="MIT"
COPY --from=build /opt/venv /opt/venv
COPY --from=build /opt/bytecode /opt/bytecode
COPY --from=build /app /app
WORKDIR /app
# HOME is the one place that may be written.
ENV PATH=/opt/venv/bin:$PATH PYTHONPYCACHEPREFIX=/opt/bytecode PYTHONDONTWRITEBYTECODE=1 HOME=/tmp PORT=8501
USER 10001:10001
EXPOSE 8501
STOPSIGNAL SIGTERM
# Not urlopen: it would ask a proxy that the environment names.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["python", "-c", "import http.client, os, sys; c = http.client.HTTPConnection('127.0.0.1', int(os.environ['PORT']), timeout=4); c.request('GET', '/_stcore/health'); sys.exit(c.getresponse().status != 200)"]
CMD ["python", "-m", "pages.server"]
