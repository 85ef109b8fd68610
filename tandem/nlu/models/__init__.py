"""What is learnt from the training data, apart from Rasa: encoders, kernels, features, the models themselves."""
