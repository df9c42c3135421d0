# A Keras model: pip install tensorflow tf2onnx; python from_keras.py models/net/1/model.onnx
import os
import sys

import numpy as np
import tensorflow as tf
import tf2onnx

tf.keras.utils.set_random_seed(1)
net = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(8, "relu"), tf.keras.layers.Dense(3, "softmax")])
rows = np.array([[0.5, -1.0, 2.0, 0.0]], np.float32)
os.makedirs(os.path.dirname(sys.argv[1]), exist_ok=True)
call = tf.function(lambda x: net(x))
tf2onnx.convert.from_function(call, [tf.TensorSpec((None, 4), tf.float32, name="x")], output_path=sys.argv[1])
print(net(rows).numpy()[0].tolist(), rows[0].tolist())
