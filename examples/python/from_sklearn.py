# A scikit-learn pipeline as a model: pip install scikit-learn skl2onnx; python from_sklearn.py models/iris/1/model.onnx
import os
import sys

from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skl2onnx import to_onnx

iris = load_iris()
data = iris.data.astype("float32")
pipeline = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)).fit(data, iris.target)
# zipmap off: probabilities as one tensor instead of a list of dictionaries.
model = to_onnx(pipeline, data[:1], options={"zipmap": False})
os.makedirs(os.path.dirname(sys.argv[1]), exist_ok=True)
with open(sys.argv[1], "wb") as file:
    file.write(model.SerializeToString())
print([round(float(value), 5) for value in pipeline.predict_proba(data[100:101])[0]], data[100].tolist())
