"""The runtime that MLServer loads."""

from common import Model
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceResponse


class Runtime(MLModel):
    async def load(self):
        self.model = Model(self.settings.parameters.uri)
        return True

    async def predict(self, payload):
        feeds = {i.name: NumpyCodec.decode_input(i) for i in payload.inputs}
        results = self.model.session.run(self.model.outputs, feeds)
        outputs = [NumpyCodec.encode_output(name, data) for name, data in zip(self.model.outputs, results)]
        return InferenceResponse(model_name=self.name, outputs=outputs)
