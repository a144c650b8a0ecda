"""The local account: an AWS account in one process, for laptops and tests.

MiniStack emulates the services; each module here that is named after a service *completes* it, so that what AWS does
also happens locally. Nothing outside this package knows that it exists.
"""
