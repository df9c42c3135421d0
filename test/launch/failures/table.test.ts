import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { diagnose, knownFailures } from '../../../src/launch/failures/table.js';

/** Texts as engines, runtimes and libraries printed them, with the row that explains each. */
const recorded: readonly (readonly [id: string, text: string])[] = [
  ['no-hook', 'could not select device driver "" with capabilities: [[gpu]]'],
  ['fabric', 'CUDA failure 802: system not yet initialized ; GPU=0 ; hostname=box'],
  ['fabric', 'CUDA_ERROR_SYSTEM_NOT_READY'],
  ['busy', 'CUDA failure 46: all CUDA-capable devices are busy or unavailable ; GPU=0'],
  ['busy', 'CUDA error: CUDA-capable device(s) is/are busy or unavailable'],
  ['ecc', 'CUDA failure 214: uncorrectable ECC error encountered ; GPU=0'],
  ['off-the-bus', 'Unable to determine the device handle for GPU0000:02:00.0: Unknown Error'],
  ['threads', '[FATAL tini (1)] fork failed: Resource temporarily unavailable'],
  ['threads', 'node[8]: pthread_create: Resource temporarily unavailable'],
  ['no-hook', 'could not select device driver "nvidia" with capabilities: [[gpu]]'],
  ['no-vendor', 'failed to discover GPU vendor from CDI: no known GPU vendor found'],
  ['amd-instead', 'AMD CDI spec not found'],
  ['cdi-off', 'could not select device driver "cdi" with capabilities: []'],
  ['cdi-unresolvable', 'CDI device injection failed: unresolvable CDI devices nvidia.com/gpu=7'],
  ['no-runtime', 'unknown or invalid runtime name: nvidia'],
  ['no-runtime', 'Unknown runtime specified nvidia'],
  ['runtime-gone', 'fork/exec /usr/bin/nvidia-container-runtime: no such file or directory'],
  [
    'no-driver-library',
    "error running prestart hook #0: exit status 1, stdout: , stderr: Auto-detected mode as 'legacy'\nnvidia-container-cli: initialization error: load library failed: libnvidia-ml.so.1: cannot open shared object file",
  ],
  ['driver-not-loaded', 'nvidia-container-cli: initialization error: nvml error: driver not loaded'],
  ['version-mismatch', 'nvidia-container-cli: initialization error: nvml error: driver/library version mismatch'],
  ['wsl-no-adapter', 'WSL environment detected but no adapters were found'],
  ['cuda-requirement', 'nvidia-container-cli: requirement error: unsatisfied condition: cuda>=12.8'],
  ['unknown-device', 'nvidia-container-cli: device error: 7: unknown device'],
  [
    'rootless-cgroups',
    'mount error: failed to add device rules: bpf_prog_query(BPF_CGROUP_DEVICE) failed: operation not permitted',
  ],
  [
    'hook-direct',
    'invoking the NVIDIA Container Runtime Hook directly (e.g. specifying the docker --gpus flag) is not supported',
  ],
  ['no-modeset', 'stat failed: /dev/nvidia-modeset: no such file or directory'],
  ['gpu-lost', 'Failed to initialize NVML: Unknown Error'],
  ['selinux', 'Failed to initialize NVML: Insufficient Permissions'],
  ['smi-no-driver', "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver."],
  ['no-libcuda', 'libcuda.so.1: cannot open shared object file: No such file or directory'],
  ['driver-insufficient', 'CUDA driver version is insufficient for CUDA runtime version'],
  ['no-cuda-device', 'CUDA failure 100: no CUDA-capable device is detected'],
  ['compat', 'system has unsupported display driver / cuda driver combination'],
  ['uvm', 'cuda error 999: unknown error'],
  ['cuda-libraries', 'Failed to create CUDAExecutionProvider. Require cuDNN 9.* and CUDA 12.*'],
  ['cuda-libraries', 'libcublasLt.so.12: cannot open shared object file'],
  ['no-smi', 'exec: "nvidia-smi": executable file not found in $PATH'],
  [
    'device-missing',
    'error gathering device information while adding custom device "/dev/video9": no such file or directory',
  ],
  ['mount-missing', 'invalid mount config for type "bind": bind source path does not exist: /nowhere'],
  ['port-taken', 'Bind for 127.0.0.1:8000 failed: port is already allocated'],
  ['socket', 'connect EACCES /var/run/docker.sock'],
  [
    'socket',
    'Got permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock',
  ],
  [
    'ssh',
    'ssh to me@box failed: ssh: connect to host box port 22: Connection refused. To test: ssh me@box docker version',
  ],
  ['old-client', 'client version 1.25 is too old. Minimum supported API version is 1.44'],
  ['network-missing', 'network nonet not found'],
  ['no-space', 'write /var/lib/docker/tmp/x: no space left on device'],
  ['no-init', 'exec: "docker-init": executable file not found in $PATH'],
  // Podman 4.3.1 and 5.4.2, with runc and crun.
  [
    'no-init',
    'container create: container-init binary not found on the host: stat /usr/libexec/podman/catatonit: no such file or directory',
  ],
  ['ulimit', 'crun: setrlimit `RLIMIT_NOFILE`: Operation not permitted: OCI permission denied'],
  [
    'ulimit',
    'runc: runc create failed: unable to start container process: error during container init: error setting rlimits for ready process: error setting rlimit type 7: operation not permitted: OCI permission denied',
  ],
  ['crun-hybrid', 'crun: cgroups in hybrid mode not supported, drop all controllers from cgroupv2: OCI runtime error'],
  ['network-missing', 'container create: unable to find network with name or ID nonet: network not found'],
  ['device-missing', 'container create: stat /dev/nono: no such file or directory'],
  ['log-driver', 'container create: running container create option: invalid log driver: invalid argument'],
  [
    'too-little-memory',
    'runc: runc create failed: unable to start container process: error during container init: error setting cgroup config for procHooks process: unable to set memory limit to 1024 (current usage: 2473984, peak usage: 2748416): OCI runtime error',
  ],
  ['cdi-unresolvable', 'setting up CDI devices: unresolvable CDI devices nvidia.com/gpu=7'],
  ['no-address', 'cannot listen on the TCP port: listen tcp4 192.0.2.77:18122: bind: cannot assign requested address'],
  ['port-taken', 'cannot listen on the TCP port: listen tcp4 127.0.0.1:18120: bind: address already in use'],
  [
    'port-kept',
    "rootlessport cannot expose privileged port 80, you can add 'net.ipv4.ip_unprivileged_port_start=80' to /etc/sysctl.conf (currently 1024), or choose a larger port number (>= 1024): listen tcp 127.0.0.1:80: bind: permission denied",
  ],
  [
    'no-user',
    'looking up supplemental groups for container 40ce66: Unable to find group nogroupx: no matching entries in group file',
  ],
  ['platform', 'no match for platform in manifest: not found'],
  [
    'cdi-automatic',
    'OCI runtime create failed: could not apply required modification to OCI specification: error modifying OCI spec: failed to inject CDI devices: unresolvable CDI devices runtime.nvidia.com/gpu=all: unknown',
  ],
  [
    'cdi-stale',
    'error mounting "/usr/lib/x86_64-linux-gnu/libcuda.so.550.54" to rootfs at "/usr/lib/x86_64-linux-gnu/libcuda.so.550.54": open: no such file or directory',
  ],
  [
    'cdi-stale',
    'failed to inject devices: failed to stat CDI host device "/dev/nvidia-uvm": no such file or directory',
  ],
  [
    'runtime-gone',
    'unable to retrieve OCI runtime error: exec: "nvidia-container-runtime": executable file not found in $PATH: : unknown.',
  ],
  [
    'runtime-gone',
    'error running hook: exec: "/usr/bin/nvidia-container-cli": stat /usr/bin/nvidia-container-cli: no such file or directory',
  ],
  [
    'driver-silent',
    'nvidia-container-cli: initialization error: driver rpc error: failed to process request: unknown.',
  ],
  ['driver-silent', 'nvidia-container-cli: initialization error: driver error: failed to process request'],
  ['driver-silent', 'nvidia-container-cli: initialization error: nvml error: insufficient permissions: unknown.'],
  ['driver-silent', 'nvidia-container-cli: detection error: nvml error: unknown error: unknown'],
  ['cuda-requirement', 'nvidia-container-cli: requirement error: unsatisfied condition: cuda >= 9.0'],
  ['cuda-requirement', 'requirements not met: unsatisfied condition: driver>=525 (driver=470.42)'],
  ['gpu-requirement', 'nvidia-container-cli: requirement error: unsatisfied condition: brand = tesla: unknown'],
  ['gpu-requirement', 'nvidia-container-cli: requirement error: invalid expression: unknown'],
  [
    'device-rules',
    'nvidia-container-cli: mount error: failed to add device rules: unable to create new device filters program: load program: invalid argument',
  ],
  [
    'driver-in-image',
    'nvidia-container-cli: mount error: file creation failed: /var/lib/docker/overlay2/4f/merged/usr/lib/x86_64-linux-gnu/libnvidia-ml.so.1: file exists: unknown',
  ],
  [
    'driver-in-image',
    'nvidia-container-cli: mount error: file creation failed: /var/lib/docker/overlay2/bd/merged/usr/bin/nvidia-smi: file exists',
  ],
  [
    'persistenced',
    'nvidia-container-cli: mount error: file creation failed: /var/lib/docker/overlay2/d5/merged/run/nvidia-persistenced/socket: no such device or address',
  ],
  [
    'ldconfig',
    'nvidia-container-cli: ldcache error: open failed: /sbin/ldconfig.real: no such file or directory: unknown.',
  ],
  [
    'nvidia-tools',
    'error running hook: exit status 1, stdout: , stderr: nvidia-container-cli: mount error: mount operation failed: /d/merged/proc/driver/nvidia/params/version/registry: no such file or directory',
  ],
  [
    'nvidia-tools',
    'nvidia-container-cli: mount error: namespace association failed: /proc/18331/ns/mnt: function not implemented',
  ],
  [
    'mount-kept',
    "error while creating mount source path '/opt/something/data': mkdir /opt/something: read-only file system",
  ],
  ['mount-kept', "error while creating mount source path '/nfs/models': mkdir /nfs/models: permission denied"],
  ['mount-shared', 'Mounts denied: \nThe path /opt/models is not shared from the host and is not known to Docker.'],
  [
    'mount-kind',
    'error mounting "/x/model.onnx" to rootfs at "/srv/models": not a directory: unknown: Are you trying to mount a directory onto a file (or vice-versa)?',
  ],
  [
    'mount-point',
    'error mounting "/a" to rootfs at "/srv/models/x": create mountpoint for /srv/models/x mount: mkdirat /srv/models/x: read-only file system: unknown',
  ],
  [
    'port-kept',
    "Error starting userland proxy: error while calling PortManager.AddPort(): cannot expose privileged port 80, you can add 'net.ipv4.ip_unprivileged_port_start=80' to /etc/sysctl.conf: listen tcp4 0.0.0.0:80: bind: permission denied",
  ],
  [
    'port-kept',
    'Ports are not available: exposing port TCP 0.0.0.0:8000 -> 0.0.0.0:0: listen tcp 0.0.0.0:8000: bind: An attempt was made to access a socket in a way forbidden by its access permissions.',
  ],
  ['port-taken', 'failed to bind host port for 127.0.0.1:8000:172.17.0.2:8000/tcp: address already in use'],
  ['no-address', 'Error starting userland proxy: listen tcp4 10.99.99.99:8123: bind: cannot assign requested address'],
  [
    'no-ipv6',
    'Error starting userland proxy: listen tcp6 [::]:5432: socket: address family not supported by protocol.',
  ],
  [
    'firewall',
    'driver failed programming external connectivity on endpoint x: (iptables failed: iptables --wait -t nat -A DOCKER -p tcp: iptables: No chain/target/match by that name.',
  ],
  ['no-subnet', 'all predefined address pools have been fully subnetted'],
  ['too-many-cpus', 'Range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available'],
  ['too-little-memory', 'Minimum memory limit allowed is 6MB'],
  [
    'ulimit',
    'error during container init: error setting rlimits for ready process: error setting rlimit type 8: operation not permitted: unknown',
  ],
  [
    'log-driver',
    'failed to create task for container: failed to initialize logging driver: journald is not enabled on this host',
  ],
  ['log-driver', 'error looking up logging plugin foo: plugin "foo" not found'],
  ['log-driver', "unknown log opt 'max-sice' for json-file log driver"],
  ['no-user', 'unable to find user nosuch: no matching entries in passwd file'],
  ['no-user', 'Unable to find group render: no matching entries in group file'],
  ['capability', 'invalid CapAdd: unknown capability: "CAP_NOSUCH"'],
  [
    'apparmor',
    'unable to apply apparmor profile: apparmor failed to apply profile: write /proc/self/attr/apparmor/exec: no such file or directory: unknown',
  ],
  ['seccomp-off', 'seccomp is not enabled in your kernel, cannot run a custom seccomp profile'],
  ['user-namespaces', "cannot share the host's network namespace when user namespaces are enabled"],
  [
    'cgroups',
    'unable to apply cgroup configuration: unable to start unit "docker-x.scope": Interactive authentication required.: unknown',
  ],
  ['platform', 'exec /usr/bin/tini: exec format error'],
  ['no-tag', 'manifest for slipway:9 not found: manifest unknown'],
];

describe('failure table', () => {
  for (const [id, text] of recorded) {
    it(`knows "${text.slice(0, 60).replaceAll('\n', ' ')}" as ${id}`, () => {
      assert.equal(diagnose(text)?.id, id);
    });
  }

  it('has a recorded text, a cause and a fix for every row, and no two of one id', () => {
    const ids = knownFailures.map(({ id }) => id);
    assert.deepEqual(
      ids.filter((id) => !recorded.some(([row]) => row === id)),
      [],
    );
    assert.equal(new Set(ids).size, ids.length);
    for (const { cause, fix } of knownFailures) assert.ok(cause.length > 10 && fix.length > 5 && !fix.includes('\n'));
  });

  it('says nothing of a text never seen', () => {
    assert.equal(diagnose('the moon is full'), undefined);
  });
});
