import { failuresOf, type Row } from './known-failure.js';

const configureToolkit = 'sudo nvidia-ctk runtime configure --runtime=docker && sudo systemctl restart docker';
const installToolkit = `sudo apt-get install -y nvidia-container-toolkit && ${configureToolkit}`;
const computeCapability = 'run with --variant gpu and -e NVIDIA_DRIVER_CAPABILITIES=compute,utility';

const rows: readonly Row[] = [
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
    'cdi-automatic',
    /unresolvable CDI devices .*runtime\.nvidia\.com/i,
    'the runtime nvidia could not describe the GPUs, most often because the driver does not answer',
    "check with nvidia-smi on the engine's host; then sudo nvidia-ctk cdi generate --output=/var/run/cdi/nvidia.yaml, and run with --gpu-mode cdi",
  ],
  [
    'cdi-stale',
    /error mounting "[^"]*(libcuda|libnvidia-[\w-]+)\.so.*no such file|failed to stat CDI host device/i,
    'the CDI spec names files of another driver than the one that is installed',
    'sudo nvidia-ctk cdi generate --output=/var/run/cdi/nvidia.yaml (or: sudo systemctl restart nvidia-cdi-refresh)',
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
    /fork\/exec .*nvidia-container-runtime.*no such file|exec: "\S*(nvidia-c|containerd-shim-nvidia)[\w-]+": (executable file|file does|stat)/i,
    "the engine is set up for NVIDIA's container tools, but one of their programs is gone",
    installToolkit,
  ],
  [
    'no-driver-library',
    /load library failed: libnvidia-ml\.so\.1/i,
    "no NVIDIA driver in the engine's system",
    'install the NVIDIA driver, reboot, and check with nvidia-smi',
  ],
  [
    'driver-silent',
    /initialization error: (driver (rpc )?error|cuda error: unknown error|nvml error: (insufficient|unknown|gpu is lost))|nvidia-container-cli: detection error/i,
    "NVIDIA's container tools asked the driver, and it did not answer",
    "check with nvidia-smi on the engine's host, and reboot it if that fails too; details: sudo nvidia-container-cli -k -d /dev/tty info",
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
    /unsatisfied condition: (cuda|driver)\b/i,
    "the driver is older than the image's CUDA asks for",
    'upgrade the driver, or use --variant cpu',
  ],
  [
    'gpu-requirement',
    /unsatisfied condition: (brand|arch)\b|requirement error: invalid expression/i,
    'the image asks for another GPU or driver by its NVIDIA_REQUIRE_ variables, or they cannot be read',
    'upgrade the driver, use --variant cpu, or correct the variables of the image',
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
    'device-rules',
    /failed to add device rules|cgroup subsystem devices not found/i,
    "NVIDIA's container tools are too old for the control groups of this host",
    'upgrade nvidia-container-toolkit, or use --gpu-mode cdi',
  ],
  [
    'driver-in-image',
    /mount error: file creation failed: \S*(libnvidia|libcuda|nvidia-smi)\S*: file exists/i,
    'the image holds files of an NVIDIA driver where those of the host have to go',
    'build the image without a driver in it (no nvidia-driver, no nvidia-utils)',
  ],
  [
    'persistenced',
    /nvidia-persistenced\/socket: no such device/i,
    'the socket of nvidia-persistenced is there, but nothing listens at it',
    "on the engine's host: sudo systemctl restart nvidia-persistenced",
  ],
  [
    'ldconfig',
    /ldcache error: .*ldconfig/i,
    "NVIDIA's container tools look for ldconfig where this distribution has none, or it failed",
    'set ldconfig = "@/sbin/ldconfig" in /etc/nvidia-container-runtime/config.toml, or use --gpu-mode cdi',
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
    'fabric',
    /system not yet initialized|cuda error[: ]+802|SystemNotReady|SYSTEM_NOT_READY/i,
    "the machine's NVSwitch fabric is not set up, without which CUDA does not start",
    "on the engine's host: sudo systemctl enable --now nvidia-fabricmanager, of the same version as the driver",
  ],
  [
    'busy',
    /CUDA-capable device\(?s\)? (is\/)?are busy or unavailable|cudaErrorDevicesUnavailable/i,
    'another process has this GPU to itself (its compute mode is Exclusive_Process), or it may not compute',
    "on the engine's host: sudo nvidia-smi -c DEFAULT, or choose another GPU with --gpus",
  ],
  [
    'ecc',
    /uncorrectable (NVLink |ECC )?error( was)? (encountered|detected)|cudaErrorECCUncorrectable/i,
    "the GPU's memory met an error that it could not correct",
    "on the engine's host: sudo nvidia-smi --gpu-reset, or reboot; nvidia-smi -q -d ECC,ROW_REMAPPER shows whether it has to be replaced",
  ],
  [
    'off-the-bus',
    /GPU is lost|fallen off the bus|Unable to determine the device handle/i,
    'the GPU fell off the bus',
    "reboot the engine's host; dmesg names the Xid",
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

/** Failures on the way of a GPU into a container, and of its use there. */
export const gpuFailures = failuresOf('gpu', rows);

/** For texts of NVIDIA's tools that no other row knows: the GPU did not reach the container, whatever the reason. */
export const otherGpuFailures = failuresOf('gpu', [
  [
    'nvidia-tools',
    /nvidia-container-(cli|runtime)|nvidia-ctk|nvidia-cdi-hook/i,
    "NVIDIA's container tools did not get the GPU into the container",
    "launch doctor; on the engine's host: nvidia-smi, then sudo nvidia-container-cli -k -d /dev/tty info",
  ],
]);
