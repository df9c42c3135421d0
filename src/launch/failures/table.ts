/** What a failure is about; `gpu` ones let `auto` fall back. */
export type FailureArea = 'gpu' | 'mount' | 'port' | 'network' | 'device' | 'engine';

/** A failure text that engines, runtimes or libraries are known to print, with its cause and the line that helps. */
export interface KnownFailure {
  readonly id: string;
  readonly pattern: RegExp;
  readonly area: FailureArea;
  readonly cause: string;
  readonly fix: string;
}

const configureToolkit = 'sudo nvidia-ctk runtime configure --runtime=docker && sudo systemctl restart docker';
const installToolkit = `sudo apt-get install -y nvidia-container-toolkit && ${configureToolkit}`;
const computeCapability = 'run with --variant gpu and -e NVIDIA_DRIVER_CAPABILITIES=compute,utility';

type Row = readonly [id: string, pattern: RegExp, cause: string, fix: string];

const gpuRows: readonly Row[] = [
  [
    'cdi-off',
    /could not select device driver "cdi"/i,
    'this engine has CDI off, or is older than 25',
    'add "features":{"cdi":true} to /etc/docker/daemon.json and restart docker, or use engine 28.2 or newer',
  ],
  [
    'no-hook',
    /could not select device driver "(nvidia|nvidia\.cdi|nvidia\.runtime-hook)?" with capabilities/i,
    'the engine found no NVIDIA hook on its PATH when it started: no toolkit, no restart since, snap, or Docker Desktop',
    installToolkit,
  ],
  [
    'no-vendor',
    /failed to discover GPU vendor from CDI: no known GPU vendor found/i,
    'the engine found no NVIDIA hook and no CDI spec when it started',
    installToolkit,
  ],
  [
    'amd-instead',
    /AMD CDI spec not found/i,
    'an NVIDIA CDI spec is there, but no NVIDIA program on the PATH of the engine, which then looks for AMD',
    'run with --gpu-mode cdi, or install nvidia-container-toolkit-base and restart docker',
  ],
  [
    'cdi-unresolvable',
    /CDI device injection failed|unresolvable CDI devices/i,
    'the CDI spec is missing or older than the driver',
    'sudo nvidia-ctk cdi generate --output=/var/run/cdi/nvidia.yaml (or: sudo systemctl restart nvidia-cdi-refresh)',
  ],
  [
    'no-runtime',
    /(unknown or invalid runtime name:|Unknown runtime specified) nvidia/i,
    "this engine's daemon.json has no runtime nvidia (rootless, Desktop and snap have their own), or the engine was not restarted",
    configureToolkit,
  ],
  [
    'runtime-gone',
    /fork\/exec .*nvidia-container-runtime.*no such file/i,
    'the runtime nvidia is configured, but its program is gone',
    installToolkit,
  ],
  [
    'no-driver-library',
    /load library failed: libnvidia-ml\.so\.1/i,
    "no NVIDIA driver in the engine's system",
    'install the NVIDIA driver, reboot, and check with nvidia-smi',
  ],
  [
    'driver-not-loaded',
    /nvml error: driver not loaded/i,
    'the NVIDIA kernel module is not loaded (no GPU, or Secure Boot refused it)',
    'sudo modprobe nvidia; then look for NVRM in dmesg',
  ],
  [
    'version-mismatch',
    /driver\/library version mismatch/i,
    'the driver was updated under a loaded kernel module',
    'sudo reboot',
  ],
  [
    'wsl-no-adapter',
    /WSL environment detected but no adapters were found/i,
    'the Windows driver is too old, or the GPU is not given to WSL',
    'update the Windows driver, then: wsl --update; wsl --shutdown',
  ],
  [
    'cuda-requirement',
    /requirement error: unsatisfied condition: cuda\s*>=/i,
    "the driver is older than the image's CUDA asks for",
    'upgrade the driver, or use --variant cpu',
  ],
  [
    'unknown-device',
    /device error: .*unknown device/i,
    'there is no GPU of that index, UUID or MIG id',
    'choose one that nvidia-smi -L lists',
  ],
  [
    'rootless-cgroups',
    /bpf_prog_query\(BPF_CGROUP_DEVICE\) failed: operation not permitted|devices\.allow: permission denied/i,
    'a rootless engine may not set device rules',
    'sudo nvidia-ctk config --set nvidia-container-cli.no-cgroups --in-place, or use --gpu-mode cdi',
  ],
  [
    'hook-direct',
    /invoking the NVIDIA Container Runtime Hook directly .* is not supported/i,
    'the toolkit is in csv or cdi mode, where --gpus alone does not work',
    'run with --gpu-mode runtime',
  ],
  [
    'no-modeset',
    /nvidia-modeset.*no such file/i,
    'the capability display was asked for, but nvidia-modeset is not loaded',
    'leave display out of NVIDIA_DRIVER_CAPABILITIES',
  ],
  [
    'gpu-lost',
    /Failed to initialize NVML: Unknown Error/i,
    'systemd dropped the device rules of the container (daemon-reload)',
    'launch --replace; for good: use --gpu-mode cdi',
  ],
  [
    'selinux',
    /Failed to initialize NVML: Insufficient Permissions/i,
    'SELinux keeps the container from the GPU',
    'run with --security-opt label=disable',
  ],
  [
    'smi-no-driver',
    /couldn't communicate with the NVIDIA driver/i,
    'the NVIDIA kernel module is not loaded, often after a kernel update',
    'reinstall the driver for this kernel (dkms), then reboot',
  ],
  [
    'no-libcuda',
    /libcuda\.so\.1: cannot open shared object/i,
    'no GPU was passed to the container, or not its compute part',
    computeCapability,
  ],
  [
    'driver-insufficient',
    /CUDA driver version is insufficient for CUDA runtime version/i,
    "the driver is older than the image's CUDA major version needs",
    'upgrade the driver (CUDA 12 needs 525, CUDA 13 needs 580), or use --variant cpu',
  ],
  [
    'no-cuda-device',
    /no CUDA-capable device is detected/i,
    'no GPU was passed, CUDA_VISIBLE_DEVICES hides it, or its cgroup rules were lost',
    'launch exec <name> nvidia-smi -L; then launch --replace',
  ],
  [
    'compat',
    /system has unsupported display driver|forward compatibility was attempted on non supported HW|cuda error[: ]+80[34]/i,
    'driver and kernel module differ (803), or cuda-compat is used on a GPU that has none (804)',
    'sudo reboot; if it stays, take cuda-compat out of LD_LIBRARY_PATH',
  ],
  [
    'uvm',
    /cuda(?:_error| error|error)\D{0,12}(999|46|3)\b/i,
    'nvidia_uvm is not usable, often after the machine slept',
    'sudo rmmod nvidia_uvm && sudo modprobe nvidia_uvm (or: nvidia-modprobe -u)',
  ],
  [
    'cuda-libraries',
    /libcudnn\.so\.9|libcublasLt\.so\.1[23]|Failed to create CUDAExecutionProvider/i,
    'cuDNN is missing, or the image has another CUDA major version than ONNX Runtime',
    'build the image again: launch build --variant gpu',
  ],
  [
    'no-smi',
    /exec: "nvidia-smi": executable file not found/i,
    'nothing of the driver was put into the container, or not its utility part',
    computeCapability,
  ],
];

const otherRows: readonly (readonly [FailureArea, ...Row])[] = [
  [
    'device',
    'device-missing',
    /error gathering device information while adding custom device/i,
    "the path after --device is missing on the engine's host",
    'check the path (ls -l), or omit --device',
  ],
  [
    'mount',
    'mount-missing',
    /bind source path does not exist|error while creating mount source path/i,
    "the mounted folder is missing on the engine's host",
    'create it (mkdir -p), or on a remote engine use a volume: --mount name:/srv',
  ],
  [
    'port',
    'port-taken',
    /port is already allocated|address already in use|ports are not available/i,
    'another program or container has this port',
    'choose another with -p, for instance -p 8001:8000',
  ],
  [
    'network',
    'network-missing',
    /network \S+ not found/i,
    'the engine has no network of the name after --network',
    'docker network ls shows those that it has; docker network create NAME makes one',
  ],
  [
    'engine',
    'ssh',
    /^ssh to \S+ failed/i,
    "ssh does not reach the engine's machine, or not as a user with docker there",
    'run the ssh command above to see the error; then check the address given with -H or the context',
  ],
  [
    'engine',
    'socket',
    /permission denied .*docker\.sock|connect (EACCES|ENOENT|ECONNREFUSED)/i,
    'the engine does not run, is another one, or your user may not talk to it',
    'sudo systemctl start docker; sudo usermod -aG docker $USER and log in again; docker context ls',
  ],
  [
    'engine',
    'old-client',
    /client version .* is too old\. Minimum supported API version/i,
    'something pins the API version',
    'unset DOCKER_API_VERSION',
  ],
  [
    'engine',
    'no-space',
    /no space left on device/i,
    "the engine's disk is full",
    'launch prune, then docker system df',
  ],
  [
    'engine',
    'no-init',
    /exec: "docker-init": executable file not found/i,
    'the engine has no docker-init',
    'install docker-init (package tini), or run with --no-init',
  ],
  [
    'engine',
    'platform',
    /no match for platform in manifest|does not match the (specified|detected) (host )?platform/i,
    'the image is not made for this processor',
    'omit --platform, or build the image for it',
  ],
];

/** Every known failure; the first pattern that matches is meant. */
export const knownFailures: readonly KnownFailure[] = [
  ...gpuRows.map(([id, pattern, cause, fix]) => ({ id, pattern, area: 'gpu' as const, cause, fix })),
  ...otherRows.map(([area, id, pattern, cause, fix]) => ({ id, pattern, area, cause, fix })),
];

/** Finds the known failure in a text of an engine, a runtime or a log; undefined for one never seen. */
export function diagnose(text: string): KnownFailure | undefined {
  const plain = text.replace(/Auto-detected mode as '[^']*'\n?/g, '');
  return knownFailures.find(({ pattern }) => pattern.test(plain));
}
