"""`make bench`. As light as what begins `tropa`: every process started from here loads it again."""

if __name__ == "__main__":
    from tests.benchmarks.every import main

    main()
