"""Networks that learn which pixels belong together, and let seeds walk along that."""

from mmwsss.models.affinity.base import BaseAffinityModel
from mmwsss.models.affinity.irn import IRNet
from mmwsss.models.affinity.psa import AffinityNet

__all__ = ['AffinityNet', 'BaseAffinityModel', 'IRNet']
