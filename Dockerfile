# One image for web, worker, beat and migrations (docker-compose.yml tells them apart).

FROM python:3.11-slim-bookworm AS build
WORKDIR /app
RUN python -m venv /venv
ENV PATH=/venv/bin:$PATH PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY requirements/base.txt requirements/node.txt requirements/
RUN pip install --require-hashes -r requirements/base.txt
COPY package.json package-lock.json .npmrc ./
COPY tools/assets.py tools/
RUN python tools/assets.py
COPY . .
RUN pybabel compile -q -D django -d locale \
 && SECRET_KEY=only-for-building DATA_DIR=/data python manage.py collectstatic --noinput -v 0 -i '*.map' \
 && python -m compileall -q .

FROM python:3.11-slim-bookworm
# Chinese for documents and PDF; tini passes signals on and collects the dead.
RUN apt-get update \
 && apt-get install -y --no-install-recommends fontconfig fonts-noto-cjk tini \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 10001 --create-home invest
COPY --from=build /venv /venv
COPY --from=build /app /app
COPY --from=build --chown=invest:invest /data /data
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PRODUCTION=1 DATA_DIR=/data
WORKDIR /app
USER invest
VOLUME /data/files
EXPOSE 8000
ENTRYPOINT ["tini", "--"]
CMD ["gunicorn", "liuzhou_invest.wsgi", "--bind", "0.0.0.0:8000"]
