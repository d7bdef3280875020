# One image for each role, all from this file; docker-compose.yml says which role takes which.
#
#   EXTRAS=service                   API and scheduler: no speech library
#   EXTRAS=service,speech            + Whisper, PocketSphinx and the Silero voice activity model: workers for fetch, cpu and asr
#   EXTRAS=service,speech,diarize    + torch, pyannote and Resemblyzer: workers for diarize, and for asr on a GPU
#
# Any of them with `s3` and `postgres` where artefacts or the ledger may lie elsewhere than on this machine (20 MB).
#
# DEVICE=cpu leaves out 2.4 GB of CUDA libraries that torch opens only once there is a GPU; DEVICE=gpu keeps them. The others
# (2.7 GB) stay on a CPU too, because PyPI's torch is linked with them and does not load without. Torch's makers publish a
# build without CUDA in an index of their own, whose address is on torch's page of installation commands; with
# `--build-arg PIP_EXTRA_INDEX_URL=ADDRESS` the image takes torch and torchaudio from there, and is 6 GB smaller than with DEVICE=gpu.

FROM python:3.11-slim-bookworm AS requirements
ARG EXTRAS=service
COPY pyproject.toml constraints.txt ./
# Alone and sorted, so that another change of the two files installs nothing again; torch's pins apart, for they are 5 GB.
RUN python -c "import tomllib; project = tomllib.load(open('pyproject.toml', 'rb'))['project']; \
wanted = [project['dependencies'], *(project['optional-dependencies'][extra] for extra in '$EXTRAS'.split(','))]; \
assert 'earmark[' not in str(wanted), 'EXTRAS: name the parts themselves'; \
print(*sorted(set(sum(wanted, []))), sep='\n')" > /requirements.txt \
 && if grep -q '^torch' /requirements.txt; then grep -E '^(torch|torchaudio|triton|nvidia-.*|cuda-.*)==' constraints.txt; fi > /torch.txt

FROM python:3.11-slim-bookworm AS libraries
RUN apt-get update \
 && apt-get install -y --no-install-recommends gcc libc6-dev \
 && rm -rf /var/lib/apt/lists/*
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH PIP_DISABLE_PIP_VERSION_CHECK=1
ARG PIP_EXTRA_INDEX_URL
ARG DEVICE=cpu
COPY --from=requirements /torch.txt /
RUN --mount=type=cache,target=/root/.cache/pip \
    if [ -s /torch.txt ]; then \
      pip install --constraint /torch.txt torch torchaudio && cd /opt/venv/lib/python3*/site-packages \
      && if [ "$DEVICE" = cpu ] && [ -d nvidia ]; then \
        find nvidia/cudnn/lib -name 'libcudnn_*' -delete \
        && rm -rf nvidia/cusolver nvidia/cuda_nvrtc nvidia/nvshmem/lib/*device* torch/lib/libtorch_cuda_linalg.so triton; \
      fi; \
    fi
COPY constraints.txt /
COPY --from=requirements /requirements.txt /
# First what packages are built with: webrtcvad comes as source, and without build isolation the pinned tools build it.
RUN --mount=type=cache,target=/root/.cache/pip \
    pip install --constraint /constraints.txt --upgrade setuptools wheel \
 && pip install --constraint /constraints.txt --no-build-isolation --requirement /requirements.txt \
 && if [ -s /torch.txt ]; then python -c 'import torch, torchaudio'; fi

FROM libraries AS package
WORKDIR /src
COPY . .
RUN pip wheel --no-deps --no-build-isolation --wheel-dir /dist .

FROM python:3.11-slim-bookworm
RUN useradd --uid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin earmark \
 && install -d -o earmark -g earmark /data /models
COPY --from=libraries /opt/venv /opt/venv
RUN --mount=type=bind,from=package,source=/dist,target=/dist \
    /opt/venv/bin/pip install --no-cache-dir --no-index --no-deps /dist/*.whl
# Nothing is written but /data (ledger, audio, artefacts), /models (what the model hub sent) and /tmp, so that the root can be read-only.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    EARMARK_DATA_DIR=/data \
    EARMARK_OUTPUT_DIR=/data/transcripts \
    HF_HOME=/models \
    TORCH_HOME=/models/torch \
    XDG_CACHE_HOME=/tmp/cache \
    NUMBA_CACHE_DIR=/tmp/numba \
    MPLCONFIGDIR=/tmp/matplotlib \
    PYANNOTE_METRICS_ENABLED=0
USER earmark
WORKDIR /data
ENTRYPOINT ["earmark"]
CMD ["--help"]
