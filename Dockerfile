# Init Lab in one container: docker build -t init-lab . && docker run -p 8501:8501 init-lab
FROM python:3.11-slim AS build
# PyTorch's CPU index first, once; where it is out of reach, wherever pip is configured to look.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
COPY requirements.txt .
RUN python -m venv /opt/venv \
    && (/opt/venv/bin/pip install --no-cache-dir --no-deps --retries 0 --timeout 15 \
        --index-url "$TORCH_INDEX" "$(grep '^torch==' requirements.txt)" || true) \
    && /opt/venv/bin/pip install --no-cache-dir -r requirements.txt

FROM python:3.11-slim
COPY --from=build /opt/venv /opt/venv
WORKDIR /app
COPY .streamlit .streamlit
COPY core core
COPY pages pages
COPY app.py .
# One thread a visitor's draw: many visitors share the cores.
ENV PATH=/opt/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 HOME=/tmp OMP_NUM_THREADS=1
USER 10001:10001
EXPOSE 8501
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4)"]
CMD ["streamlit", "run", "app.py", "--server.port=8501", "--server.address=0.0.0.0"]
