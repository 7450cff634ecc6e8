// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/telemetry/telemetry.h"

#include <rte_telemetry.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>

#include "lb/control/telemetry/reply.h"

namespace lbd::control::telemetry {

namespace json = boost::json;

namespace {

// DPDK's callbacks have no argument for what they are to look at.
struct Current {
    std::mutex mutex;
    std::shared_ptr<Snapshots> snapshots;

    std::shared_ptr<Snapshots> get() {
        const std::lock_guard lock(mutex);
        return snapshots;
    }
    void set(std::shared_ptr<Snapshots> wanted) {
        const std::lock_guard lock(mutex);
        snapshots = std::move(wanted);
    }
};

// Never destroyed: DPDK's threads go on until the process is gone.
Current& current() {
    static auto* const the_one = new Current; // NOLINT(cppcoreguidelines-owning-memory)
    return *the_one;
}

struct FreeData {
    void operator()(rte_tel_data* data) const { rte_tel_data_free(data); }
};

// DPDK 23.03 calls rte_tel_data_add_dict_u64() rte_tel_data_add_dict_uint(), and the old name has
// been deprecated since 23.07. `Data` is always rte_tel_data; a template compiles with either name.
template <class Data>
void add_unsigned(Data* data, const char* name, std::uint64_t value) {
    if constexpr (requires { rte_tel_data_add_dict_uint(data, name, value); })
        rte_tel_data_add_dict_uint(data, name, value);
    else
        rte_tel_data_add_dict_u64(data, name, value);
}

// What DPDK refuses or cuts, it leaves out: replies are made so that there is no such thing.
void put_members(const json::object& object, rte_tel_data* data) {
    rte_tel_data_start_dict(data);
    for (const auto& [key, value] : object) {
        const std::string name(key);
        if (value.is_string()) {
            rte_tel_data_add_dict_string(data, name.c_str(), value.as_string().c_str());
        } else if (value.is_object()) {
            std::unique_ptr<rte_tel_data, FreeData> nested(rte_tel_data_alloc());
            if (!nested) throw std::bad_alloc();
            put_members(value.as_object(), nested.get());
            if (rte_tel_data_add_dict_container(data, name.c_str(), nested.get(), 0) == 0)
                nested.release(); // NOLINT(bugprone-unused-return-value): DPDK frees it
        } else {
            add_unsigned(data, name.c_str(), value.to_number<std::uint64_t>());
        }
    }
}

// A copy at once: DPDK 22.11 takes lines apart by strtok(), so of clients that ask at the same
// moment one may be given what another one reads into.
std::string copied(const char* parameters) {
    constexpr std::size_t longest_line = 1024;
    return parameters == nullptr ? "" : std::string(parameters, strnlen(parameters, longest_line));
}

int answer(const char* name, const std::string& parameters, rte_tel_data* data) {
    constexpr std::chrono::seconds patience{1};
    const auto list = commands();
    const auto command = std::find_if(list.begin(), list.end(), [&](const Command& each) {
        return name == std::string(each.name);
    });
    if (command == list.end()) return -EINVAL;
    const auto snapshots = current().get();
    const auto snapshot = snapshots ? snapshots->get(patience) : nullptr;
    if (!snapshot) return -EAGAIN;
    const Reply reply = command->reply(*snapshot, parameters);
    if (!reply) return -EINVAL;
    put_members(*reply, data);
    return 0;
}

int callback(const char* name, const char* parameters, rte_tel_data* data) {
    try {
        return answer(name, copied(parameters), data);
    } catch (const std::exception&) { // no memory
        return -ENOMEM;
    }
}

// Once a process: DPDK would list them again.
void register_commands() {
    static const bool registered = [] {
        for (const Command& command : commands())
            if (rte_telemetry_register_cmd(command.name, callback, command.help) != 0)
                throw std::runtime_error(std::string("DPDK's telemetry does not take ") +
                                         command.name);
        return true;
    }();
    static_cast<void>(registered);
}

} // namespace

Telemetry::Telemetry(boost::asio::io_context& io, Snapshots::Collect collect)
    : snapshots_(std::make_shared<Snapshots>(io, std::move(collect))) {
    register_commands();
    current().set(snapshots_);
}

Telemetry::~Telemetry() {
    current().set(nullptr);
    snapshots_->close();
}

} // namespace lbd::control::telemetry
