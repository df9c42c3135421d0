import { failuresOf } from './known-failure.js';

/** Failures of the engine to get an image from a registry, or to take it there. */
export const registryFailures = failuresOf('image', [
  [
    'credential-helper',
    /error getting credentials/i,
    "docker's config.json names a credential helper that is not installed, or fails",
    'install it, or take its name (credsStore, credHelpers) out of ~/.docker/config.json',
  ],
  [
    'registry-proxy',
    /proxyconnect/i,
    "the engine's proxy does not answer",
    'docker info shows the proxies of the engine, which are not those of this shell: correct them, then restart it',
  ],
  [
    'registry-name',
    /dial tcp: lookup /i,
    "the engine's host finds no registry of this name: it is mistyped, or DNS does not answer there",
    "correct the name, or the network of the engine's host",
  ],
  [
    'registry-certificate',
    /x509: |tls: failed to verify certificate/i,
    "the engine does not trust the registry's certificate",
    "put the registry's CA into /etc/docker/certs.d/HOST:PORT/ca.crt on the engine's host",
  ],
  [
    'registry-plain',
    /server gave HTTP response to HTTPS client/i,
    'the registry speaks plain HTTP, and the engine was not told to accept that',
    'add "insecure-registries":["HOST:PORT"] to /etc/docker/daemon.json and restart docker',
  ],
  [
    'registry-silent',
    /dial tcp .*(connection refused|i\/o timeout|no route to host|network is unreachable)|Client\.Timeout exceeded|request canceled while waiting|TLS handshake timeout|\/v2\/[^"]*": (EOF|.*connection reset)/i,
    'no registry answers the engine there',
    "check that the registry is up, and the network and the proxies of the engine's host; then try again",
  ],
  [
    'registry-limit',
    /toomanyrequests|pull rate limit/i,
    'the registry gives no more images to this address for now',
    'docker login to it, or try again later',
  ],
  [
    'registry-denied',
    /access denied|access to the resource is denied|error from registry: denied|unauthorized\b|authentication required|no basic auth credentials/i,
    'the registry has no such image, or gives it only to those who are logged in',
    'check the name, then docker login HOST',
  ],
  [
    'subordinate-ids',
    /insufficient UIDs or GIDs available in user namespace/i,
    'files of the image belong to users that the rootless engine has no numbers for',
    'give your user 65536 of them in /etc/subuid and /etc/subgid, then restart the engine',
  ],
  [
    'old-manifest',
    /manifest\.v1\+\w+" is no longer supported|schema ?1 .*(deprecated|no longer supported)/i,
    'the image has a format that this engine reads no more',
    'push it again with a newer docker, or name a newer tag',
  ],
]);
