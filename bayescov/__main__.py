"""``python -m bayescov``: the command line."""

from bayescov.cli import main

if __name__ == "__main__":
    main()
