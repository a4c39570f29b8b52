"""The page: what is known, drawn for people in a browser, over loopback and for reading alone.

It answers with what the debug endpoint answers, as JSON. What is asked for is collected where the control plane lives,
and put into words in the thread that asks. Nothing of it is imported, or remembered, before somebody looks.
"""
