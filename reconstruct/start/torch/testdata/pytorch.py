import torch, json, hashlib, struct
import torch.nn as nn
cases=[]
def case(name, seed, make, layers):
    torch.manual_seed(seed)
    m=make()
    ts=[]
    for n,p in m.named_parameters():
        a=p.detach().contiguous().numpy()
        ts.append(dict(name=n,shape=list(a.shape),first=[float(v) for v in a.ravel()[:3]],last=float(a.ravel()[-1]),sha256=hashlib.sha256(a.tobytes()).hexdigest()))
    cases.append(dict(name=name,seed=seed,layers=layers,tensors=ts))
case("mlp",7,lambda: nn.Sequential(nn.Linear(784,100),nn.ReLU(),nn.Linear(100,10)),[dict(shape=[100,784],bias=True),dict(shape=[10,100],bias=True)])
case("convolutions, no bias in one",123456789,lambda: nn.Sequential(nn.Conv2d(3,8,3,bias=False),nn.BatchNorm2d(8),nn.Conv2d(8,16,5,groups=2),nn.Flatten(),nn.Linear(64,2)),[dict(shape=[8,3,3,3],bias=False),dict(shape=[16,4,5,5],bias=True),dict(shape=[2,64],bias=True)])
case("large seed",2**40+5,lambda: nn.Linear(3,2),[dict(shape=[2,3],bias=True)])
json.dump(cases,open('pytorch.json','w'),indent=1)
