# syntax=docker/dockerfile:1

FROM eclipse-temurin:25-jdk AS build
# mvnw fetches Maven with curl.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends curl \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
RUN --mount=type=cache,target=/root/.m2 \
    ./mvnw -B -Dmaven.test.skip=true -Dspotless.check.skip=true -Dcyclonedx.skip=true \
      -pl cli -am package

FROM eclipse-temurin:25-jre
# tini passes signals on and reaps what stages leave behind; curl is for the health check.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends curl tini \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --user-group --home-dir /var/lib/millrace --create-home millrace \
 && mkdir -p /var/lib/millrace/work /jobs \
 && chown -R millrace:millrace /var/lib/millrace /jobs
COPY --from=build /source/cli/target/millrace/lib /opt/millrace/lib
COPY --from=build /source/millrace /opt/millrace/millrace
COPY --from=build /source/deploy/find-jdk.sh /opt/millrace/deploy/find-jdk.sh
USER millrace
WORKDIR /var/lib/millrace
ENV MILLRACE_JAVA_OPTS="-XX:MaxRAMPercentage=60"
EXPOSE 8080
# For schedulers; a worker opens no port, so its health check is switched off where it is started.
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=6 \
  CMD ["curl", "--fail", "--silent", "--output", "/dev/null", "http://127.0.0.1:8080/livez"]
ENTRYPOINT ["/usr/bin/tini", "--", "/opt/millrace/millrace"]
CMD ["scheduler"]
