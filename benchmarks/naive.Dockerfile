# What the online image is compared with: the same code, bundles and pinned packages, installed plainly. Nothing pruned,
# nothing compiled beyond what the base brings. Built from the same context, on the same base.
ARG BASE_IMAGE=python:3.13-slim

FROM ${BASE_IMAGE} AS packages
COPY requirements.txt /build/
COPY wheelhouse /build/wheelhouse
RUN cd /build && pip install --no-cache-dir --no-compile --target /opt/packages --require-hashes \
    $(ls wheelhouse/*.whl > /dev/null 2>&1 && echo --no-index --find-links wheelhouse) -r requirements.txt

FROM ${BASE_IMAGE}
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PYTHONPATH=/var/task:/opt/packages
WORKDIR /var/task
COPY --from=packages /opt/packages /opt/packages
COPY app ./
ENTRYPOINT ["python", "-m", "awslambdaric"]
CMD ["functions.predict.handler.handler"]
