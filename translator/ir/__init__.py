"""The intermediate representation: what the specification's words mean, before Envoy's words are found for it.

Closed unions of frozen values. Durations are whole milliseconds, hostnames lower case, `*` any host.
"""

from translator.ir.attachment import *
from translator.ir.clusters import *
from translator.ir.listeners import *
from translator.ir.routes import *
from translator.ir.telemetry import *
from translator.ir.terms import *
