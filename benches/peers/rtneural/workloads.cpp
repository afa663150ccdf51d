// W4b and W4c in RTNeural, with sizes known at compile time: calls per second, the median of nine windows of at least 20 ms,
// after one for warming up.

#include <RTNeural/RTNeural.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <random>
#include <vector>

using namespace RTNeural;

// Random weights: some activations may be faster on zeros.
template <typename Layer>
void fill(Layer& layer, std::mt19937& random)
{
    std::normal_distribution<float> normal(0.0f, 1.0f / std::sqrt((float)Layer::in_size));
    std::vector<std::vector<float>> weights(Layer::out_size, std::vector<float>(Layer::in_size));
    for(auto& row : weights)
        std::generate(row.begin(), row.end(), [&] { return normal(random); });
    layer.setWeights(weights);
    std::vector<float> bias(Layer::out_size);
    std::generate(bias.begin(), bias.end(), [&] { return normal(random); });
    layer.setBias(bias.data());
}

template <typename Model>
double calls_per_second(Model& model)
{
    using clock = std::chrono::steady_clock;
    alignas(64) std::array<float, 64> input {};
    for(int i = 0; i < Model::input_size; ++i)
        input[i] = 0.1f * (float)(i + 1);
    long calls = 1;
    auto window = [&] {
        auto start = clock::now();
        for(long i = 0; i < calls; ++i)
        {
            // The compiler must neither move a call out of the loop nor drop its result.
            asm volatile("" : : "r"(input.data()) : "memory");
            model.forward(input.data());
            asm volatile("" : : "r"(model.getOutputs()) : "memory");
        }
        return std::chrono::duration<double>(clock::now() - start).count();
    };
    while(window() < 0.02)
        calls *= 2;
    std::vector<double> rates(9);
    std::generate(rates.begin(), rates.end(), [&] { return (double)calls / window(); });
    std::sort(rates.begin(), rates.end());
    return rates[4];
}

int main()
{
    std::mt19937 random(1);
    static ModelT<float, 4, 3, DenseT<float, 4, 16>, ReLuActivationT<float, 16>, DenseT<float, 16, 16>,
        ReLuActivationT<float, 16>, DenseT<float, 16, 3>>
        control;
    fill(control.get<0>(), random);
    fill(control.get<2>(), random);
    fill(control.get<4>(), random);
    std::printf("W4b %f\n", calls_per_second(control));

    static ModelT<float, 2, 1, DenseT<float, 2, 8>, TanhActivationT<float, 8>, DenseT<float, 8, 1>> curve;
    fill(curve.get<0>(), random);
    fill(curve.get<2>(), random);
    std::printf("W4c %f\n", calls_per_second(curve));
}
