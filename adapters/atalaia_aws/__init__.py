"""What is AWS's own: metrics in CloudWatch, signed requests, SageMaker jobs, Lambda.

Import from the modules: they load what they need and no more, for the sake of cold starts.
"""
