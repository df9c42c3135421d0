# All images, or one: docker buildx bake -f docker/docker-bake.hcl [cpu|gpu|gpu-cuda12|cuda]
#   PLATFORMS=linux/amd64,linux/arm64 docker buildx bake -f docker/docker-bake.hcl cpu --push     (several platforms need a registry)
#   SBOM=true PROVENANCE=mode=max ... --push      lists of contents and of how it was built, beside the image
#   SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)  one date for every file: two builds of a commit give the same layers
variable "REGISTRY" { default = "" }
variable "NAME" { default = "slipway" }
variable "VERSION" { default = "0.1.0" }
variable "REVISION" { default = "" }
variable "SOURCE" { default = "" }
variable "CREATED" { default = "" }
variable "PLATFORMS" { default = "" }
variable "SBOM" { default = "" }
variable "PROVENANCE" { default = "" }
variable "SOURCE_DATE_EPOCH" { default = "0" }
variable "NODE_IMAGE" { default = "node:22-bookworm-slim" }
variable "CUDA_IMAGE" { default = "nvidia/cuda:13.0.2-base-ubuntu24.04" }
variable "CUDA12_IMAGE" { default = "nvidia/cuda:12.8.1-base-ubuntu24.04" }
variable "DEBIAN_IMAGE" { default = "debian:bookworm-slim" }
variable "CUDA_ARCHS" { default = "75-real;80-real;86-real;89-real;90-real;90-virtual" }

group "default" { targets = ["cpu", "gpu"] }
group "all" { targets = ["cpu", "gpu", "gpu-cuda12", "cuda"] }

function "tags" {
  params = [variant]
  result = [
    "${REGISTRY == "" ? "" : "${REGISTRY}/"}${NAME}:${variant}",
    "${REGISTRY == "" ? "" : "${REGISTRY}/"}${NAME}:${VERSION}-${variant}",
  ]
}

# An image is named `tag@digest` where it is pinned (node tools/supply/bases.js).
function "name_of" {
  params = [image]
  result = regex_replace(image, "@.*$", "")
}

function "digest_of" {
  params = [image]
  result = regex_replace(image, "^[^@]*@?", "")
}

target "_common" {
  context = "."
  args = {
    NODE_IMAGE        = NODE_IMAGE
    VERSION           = VERSION
    REVISION          = REVISION
    SOURCE            = SOURCE
    CREATED           = CREATED
    SOURCE_DATE_EPOCH = SOURCE_DATE_EPOCH
  }
  attest = concat(
    SBOM == "" ? [] : ["type=sbom"],
    PROVENANCE == "" ? [] : ["type=provenance,${PROVENANCE}"],
  )
}

target "cpu" {
  inherits   = ["_common"]
  dockerfile = "docker/Dockerfile.cpu"
  tags       = tags("cpu")
  platforms  = PLATFORMS == "" ? [] : split(",", PLATFORMS)
  args       = { BASE_NAME = name_of(NODE_IMAGE), BASE_DIGEST = digest_of(NODE_IMAGE) }
}

target "gpu" {
  inherits   = ["_common"]
  dockerfile = "docker/Dockerfile.gpu"
  tags       = tags("gpu")
  platforms  = ["linux/amd64"]
  args       = { CUDA_IMAGE = CUDA_IMAGE, BASE_NAME = name_of(CUDA_IMAGE), BASE_DIGEST = digest_of(CUDA_IMAGE) }
}

target "gpu-cuda12" {
  inherits   = ["_common"]
  dockerfile = "docker/Dockerfile.gpu"
  tags       = tags("gpu-cuda12")
  platforms  = ["linux/amd64"]
  args = {
    CUDA_MAJOR  = "12"
    CUDA_IMAGE  = CUDA12_IMAGE
    BASE_NAME   = name_of(CUDA12_IMAGE)
    BASE_DIGEST = digest_of(CUDA12_IMAGE)
  }
}

target "cuda" {
  inherits   = ["_common"]
  dockerfile = "docker/Dockerfile.cuda"
  tags       = tags("cuda")
  platforms  = ["linux/amd64"]
  args = {
    DEBIAN_IMAGE = DEBIAN_IMAGE
    CUDA_ARCHS   = CUDA_ARCHS
    BASE_NAME    = name_of(DEBIAN_IMAGE)
    BASE_DIGEST  = digest_of(DEBIAN_IMAGE)
  }
}
