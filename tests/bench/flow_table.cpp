// SPDX-License-Identifier: BSD-3-Clause
// Prints what finding, adding and removing a flow costs in our flow table and in DPDK's rte_hash,
// in bursts of 32, with the same keys and the same hash of them.
#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_hash.h>
#include <rte_malloc.h>
#include <rte_prefetch.h>

#include <array>
#include <bit>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "lb/dataplane/eal.h"
#include "lb/dataplane/flow_table.h"

namespace lbd::bench {

namespace {

using namespace dataplane;

constexpr std::size_t burst = 32;
constexpr HashSecret secret{0x9e3779b97f4a7c15u, 0xd6e8feb86659fd93u};

// In whole words, so that reading it as such does not wait for the parts.
template <class Key>
Key key_of(std::uint64_t number) {
    constexpr std::uint64_t rest = 0x0000000650000000; // TCP, to port 80
    if constexpr (sizeof(Key) == sizeof(KeyV4))
        return KeyV4::of_words(number, rest);
    else
        return std::bit_cast<KeyV6>(std::array<std::uint64_t, 5>{0xfd, number, 0xfd, 1, rest});
}

struct Free {
    void operator()(void* memory) const { rte_free(memory); }
    void operator()(rte_hash* hash) const { rte_hash_free(hash); }
};

// The flow table, as a worker uses it.
template <class Key>
class Ours {
  public:
    using Line = typename FlowTable<Key>::Line;
    static constexpr const char* name = "flow table";

    explicit Ours(std::size_t flows)
        : bytes_(FlowTable<Key>::lines_for(flows) * sizeof(Line)),
          memory_(rte_zmalloc("flows", bytes_, sizeof(Line))),
          table_(lines(), secret) {}

    void add(std::uint64_t number) {
        const Key key = key_of<Key>(number);
        const auto place = table_.insert(key, table_.hash(key), 0);
        if (place.flow == nullptr) throw std::runtime_error("the flow table is full");
        place.flow->state = FlowState::established;
        place.flow->expires = 1000;
        place.flow->backend = static_cast<std::uint16_t>(number);
    }
    void remove(std::uint64_t number) {
        const Key key = key_of<Key>(number);
        table_.erase(*table_.find(key, table_.hash(key)));
    }
    void expect(std::uint64_t number) {
        table_.prefetch(table_.line_of(table_.hash(key_of<Key>(number))));
    }
    // The sum of the backends, so that they are read.
    std::uint64_t find(const Key* keys) {
        std::array<Line*, burst> lines;
        for (std::size_t i = 0; i < burst; ++i) {
            lines[i] = table_.line_of(table_.hash(keys[i]));
            table_.prefetch(lines[i]);
        }
        for (std::size_t i = 0; i < burst; ++i) table_.prefetch_further(lines[i]);
        std::uint64_t sum = 0;
        for (std::size_t i = 0; i < burst; ++i) sum += table_.find(keys[i], lines[i])->backend;
        return sum;
    }
    std::size_t bytes() const { return bytes_; }

  private:
    std::span<Line> lines() const {
        if (!memory_) throw std::bad_alloc();
        return {static_cast<Line*>(memory_.get()), bytes_ / sizeof(Line)};
    }

    std::size_t bytes_;
    std::unique_ptr<void, Free> memory_;
    FlowTable<Key> table_;
};

// rte_hash, and what a flow has beside its key in an array of its own.
template <class Key>
class Theirs {
  public:
    static constexpr const char* name = "rte_hash";

    explicit Theirs(std::size_t flows) {
        rte_hash_parameters parameters{};
        parameters.name = "bench";
        parameters.entries = static_cast<std::uint32_t>(flows);
        parameters.key_len = sizeof(Key);
        parameters.socket_id = SOCKET_ID_ANY;
        const std::size_t before = used();
        hash_.reset(rte_hash_create(&parameters));
        if (!hash_) throw std::runtime_error(rte_strerror(rte_errno));
        values_.reset(rte_zmalloc("values", (flows + 1) * sizeof(Value), 64));
        if (!values_) throw std::bad_alloc();
        bytes_ = used() - before;
    }

    void add(std::uint64_t number) {
        const Key key = key_of<Key>(number);
        const int position = rte_hash_add_key_with_hash(hash_.get(), &key, signature(key));
        if (position < 0) throw std::runtime_error("rte_hash is full");
        value(position) = {1000, no_binding, static_cast<std::uint16_t>(number), 0, 0};
    }
    void remove(std::uint64_t number) {
        const Key key = key_of<Key>(number);
        rte_hash_del_key_with_hash(hash_.get(), &key, signature(key));
    }
    void expect(std::uint64_t) {} // rte_hash has no way to say so
    std::uint64_t find(const Key* keys) {
        std::array<const void*, burst> pointers;
        std::array<hash_sig_t, burst> signatures;
        std::array<std::int32_t, burst> positions;
        for (std::size_t i = 0; i < burst; ++i) {
            pointers[i] = &keys[i];
            signatures[i] = signature(keys[i]);
        }
        rte_hash_lookup_with_hash_bulk(hash_.get(), pointers.data(), signatures.data(), burst,
                                       positions.data());
        for (const std::int32_t position : positions) rte_prefetch0(&value(position));
        std::uint64_t sum = 0;
        for (const std::int32_t position : positions) sum += value(position).backend;
        return sum;
    }
    std::size_t bytes() const { return bytes_; }

  private:
    struct Value {
        Tick expires;
        std::uint32_t link;
        std::uint16_t backend;
        std::uint8_t state, owner;
    };

    static hash_sig_t signature(const Key& key) {
        return static_cast<hash_sig_t>(hash_of(key, secret) >> 32);
    }
    static std::size_t used() {
        rte_malloc_socket_stats stats{};
        rte_malloc_get_socket_stats(0, &stats);
        return stats.heap_allocsz_bytes;
    }
    Value& value(std::int32_t position) { return static_cast<Value*>(values_.get())[position]; }

    std::unique_ptr<rte_hash, Free> hash_;
    std::unique_ptr<void, Free> values_;
    std::size_t bytes_ = 0;
};

struct Cost {
    double find, replace; // cycles a flow
    double bytes;
};

std::uint64_t next_of(std::uint64_t& state) { // xorshift
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

// Made beforehand and read one after the other, as packets are.
template <class Key>
std::vector<Key> random_keys(std::size_t flows) {
    std::vector<Key> keys(std::size_t{1} << 20);
    std::uint64_t random = 88172645463325252u;
    for (Key& key : keys)
        key = key_of<Key>(reduce(next_of(random), static_cast<std::uint32_t>(flows)));
    return keys;
}

template <class Table, class Key>
Cost measure(std::size_t flows) {
    Table table(flows);
    for (std::uint64_t number = 0; number < flows; ++number) table.add(number);
    const std::vector<Key> keys = random_keys<Key>(flows);
    constexpr unsigned times = 8;
    std::uint64_t sum = 0;
    std::uint64_t begin = rte_rdtsc();
    for (unsigned time = 0; time < times; ++time)
        for (std::size_t i = 0; i < keys.size(); i += burst) sum += table.find(&keys[i]);
    const double find =
        static_cast<double>(rte_rdtsc() - begin) / (times * static_cast<double>(keys.size()));
    const std::size_t replaced = std::min<std::size_t>(flows, 1'000'000);
    begin = rte_rdtsc();
    for (std::uint64_t number = 0; number < replaced; ++number) {
        if (number % burst == 0) {
            for (std::uint64_t next = number; next < number + burst; ++next) {
                table.expect(next);
                table.expect(next + flows);
            }
        }
        table.remove(number);
        table.add(number + flows);
    }
    const double replace = static_cast<double>(rte_rdtsc() - begin) / static_cast<double>(replaced);
    if (sum == 42) std::puts(""); // it was needed
    return {find, replace, static_cast<double>(table.bytes()) / static_cast<double>(flows)};
}

template <class Key>
void compare(const char* family, std::size_t flows) {
    const Cost ours = measure<Ours<Key>, Key>(flows);
    const Cost theirs = measure<Theirs<Key>, Key>(flows);
    std::printf("%-4s %9zu | %8.1f %8.1f %6.2f | %8.1f %8.1f %6.2f | %8.1f %8.1f\n", family, flows,
                ours.find, theirs.find, theirs.find / ours.find, ours.replace, theirs.replace,
                theirs.replace / ours.replace, ours.bytes, theirs.bytes);
    std::fflush(stdout);
}

void run(bool hugepages) {
    EalOptions options;
    options.name = "bench-" + std::to_string(getpid());
    options.hugepages = hugepages;
    options.megabytes = hugepages ? 0 : 4096;
    const Eal eal(options);
    std::printf("Cycles a flow, in bursts of 32 random ones, and memory; %s\n\n",
                hugepages ? "hugepages" : "no hugepages");
    std::printf("%-4s %9s | %8s %8s %6s | %8s %8s %6s | %8s %8s\n", "IP", "flows", "find", "", "",
                "replace", "", "", "bytes", "");
    std::printf("%-4s %9s | %8s %8s %6s | %8s %8s %6s | %8s %8s\n", "", "", "lbd", "rte_hash",
                "ratio", "lbd", "rte_hash", "ratio", "lbd", "rte_hash");
    for (const std::size_t flows : {1'000u, 100'000u, 1'000'000u, 10'000'000u}) {
        compare<KeyV4>("v4", flows);
        compare<KeyV6>("v6", flows);
    }
}

} // namespace

} // namespace lbd::bench

int main(int argc, char** argv) {
    try {
        lbd::bench::run(argc < 2 || std::string(argv[1]) != "--no-huge");
        return 0;
    } catch (const std::exception& error) {
        std::cerr << "flow_table: " << error.what() << '\n';
        return 1;
    }
}
