{{ equality_measures('waits') }}
